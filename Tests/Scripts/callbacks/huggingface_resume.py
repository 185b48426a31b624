"""A Trainer with the callback of examples/. With CRASH=1 it ends after the second epoch of a first attempt."""
import os

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments, set_seed

import viseme_log
from huggingface_callback import VisemeCallback, last_checkpoint


class Crash(TrainerCallback):
    def on_save(self, args, state, control, **kwargs):
        if os.environ.get("CRASH") and earlier is None and state.epoch >= 2:
            os._exit(3)


set_seed(viseme_log.seed)
earlier = last_checkpoint()
ids = np.random.RandomState(0).randint(5, 50, (80, 8))
data = [{"input_ids": torch.tensor(row), "attention_mask": torch.ones(8, dtype=torch.long), "labels": int(row[0] > 25)}
        for row in ids]
config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                    max_position_embeddings=8)
arguments = TrainingArguments(
    str(viseme_log.checkpoint_folder()), num_train_epochs=4, learning_rate=viseme_log.config["lr"],
    per_device_train_batch_size=8, eval_strategy="epoch", save_strategy="epoch", save_total_limit=1, logging_strategy="epoch",
    report_to=[], seed=viseme_log.seed, use_cpu=True)
Trainer(BertForSequenceClassification(config), arguments, train_dataset=data[:60], eval_dataset=data[60:],
        callbacks=[VisemeCallback(), Crash()]).train(resume_from_checkpoint=earlier)
