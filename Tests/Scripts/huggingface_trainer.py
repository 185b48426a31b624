import argparse

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float)
parser.add_argument("--layers", type=int)
parser.add_argument("--seed", type=int)
args = parser.parse_args()
set_seed(args.seed)
ids = np.random.RandomState(0).randint(5, 50, (80, 8))
data = [{"input_ids": torch.tensor(row), "attention_mask": torch.ones(8, dtype=torch.long), "labels": int(row[0] > 25)} for row in ids]
config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=args.layers, num_attention_heads=2, intermediate_size=32, max_position_embeddings=8)
arguments = TrainingArguments(
    "out", num_train_epochs=3, learning_rate=args.learning_rate, per_device_train_batch_size=8, eval_strategy="epoch",
    logging_steps=5, report_to=[], seed=args.seed, use_cpu=True)
Trainer(BertForSequenceClassification(config), arguments, train_dataset=data[:60], eval_dataset=data[60:]).train()
