import torch
import yaml

config = yaml.safe_load(open("conf.yaml"))
torch.manual_seed(config["seed"])
x = torch.rand(200, 5)
y = x.sum(1, keepdim=True)
model = torch.nn.Linear(5, 1)
optimizer = torch.optim.SGD(model.parameters(), **config["optim"])
for epoch in range(6):
    for start in range(0, 200, 20):
        loss = ((model(x[start:start + 20]) - y[start:start + 20]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    val_loss = ((model(x) - y) ** 2).mean().item()
    print(f"Epoch [{epoch + 1}/6], train loss: {loss.item():.6f}, val loss: {val_loss:.6f}")
torch.save(model.state_dict(), "model.pt")
