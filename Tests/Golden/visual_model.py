"""The published visual speech network in PyTorch, written from its description (docs/network.md): the peer our network
is compared with, and the class into which stored weights load with strict=True."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding (the smaller half in front)."""

    def forward(self, x):
        pads = []
        for size, k, s in zip(reversed(x.shape[-2:]), reversed(self.kernel_size), reversed(self.stride)):
            total = max((math.ceil(size / s) - 1) * s + k - size, 0)
            pads += [total // 2, total - total // 2]
        if pads[::2] == pads[1::2]:
            return F.conv2d(x, self.weight, self.bias, self.stride, (pads[2], pads[0]))
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, momentum):
        super().__init__()
        self.conv1 = SameConv(inputs, outputs, 3, stride)
        self.batch_norm1 = nn.BatchNorm2d(outputs, eps=0.001, momentum=momentum)
        self.conv2 = SameConv(outputs, outputs, 3)
        self.batch_norm2 = nn.BatchNorm2d(outputs, eps=0.001, momentum=momentum)
        self.i_downsample = None
        if stride != 1 or inputs != outputs:
            self.i_downsample = nn.Sequential(
                SameConv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs, eps=0.001, momentum=momentum))

    def forward(self, x):
        y = F.relu(self.batch_norm1(self.conv1(x)))
        y = self.batch_norm2(self.conv2(y))
        return F.relu(y + (x if self.i_downsample is None else self.i_downsample(x)))


class ResNet(nn.Module):
    def __init__(self, channels, filters, momentum):
        super().__init__()
        self.conv_layer_s2_same = SameConv(channels, filters, 7, 2, bias=False)
        self.batch_norm1 = nn.BatchNorm2d(filters, eps=0.001, momentum=momentum)
        inputs = filters
        for stage in range(4):
            outputs = filters << stage
            blocks = nn.Sequential(
                Block(inputs, outputs, 1 if stage == 0 else 2, momentum), Block(outputs, outputs, 1, momentum))
            setattr(self, f"layer{stage + 1}", blocks)
            inputs = outputs

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.batch_norm1(self.conv_layer_s2_same(x))), 2, 2)
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3))


class VisualModel(nn.Module):
    """`[batch, time, channel, height, width]` to logits."""

    def __init__(self, channels, filters, classes, momentum=0.1, boundary=False):
        super().__init__()
        self.resnet = ResNet(channels, filters, momentum)
        self.lstm1 = nn.LSTM(8 * filters + boundary, 8 * filters, batch_first=True)
        self.lstm2 = nn.LSTM(8 * filters, 8 * filters, batch_first=True)
        self.fc = nn.Linear(8 * filters, classes)

    def forward(self, x, boundary=None):
        batch, time = x.shape[:2]
        y = self.resnet(x.flatten(0, 1)).view(batch, time, -1)
        if boundary is not None:
            y = torch.cat([y, boundary[:, :, None]], 2)
        y, _ = self.lstm1(y)
        y, _ = self.lstm2(y)
        return self.fc(y[:, -1])


class ExchangedModel(VisualModel):
    """The same with its recurrent layers exchanged for one module, and the mean over time."""

    def __init__(self, channels, filters, classes, kind, width, layers, bidirectional):
        super().__init__(channels, filters, classes)
        del self.lstm1, self.lstm2, self.fc
        self.rnn = kind(8 * filters, width, layers, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(width * (2 if bidirectional else 1), classes)

    def forward(self, x):
        y = self.resnet(x.flatten(0, 1)).view(*x.shape[:2], -1)
        return self.fc(self.rnn(y)[0].mean(1))
