"""The published word-level networks in PyTorch, written from the descriptions in their papers and with the names of
weights of their published code: the classes into which weights of our networks load with strict=True.

BiGRU: Feng et al. 2020, VIPL. MS-TCN: Martinez et al. 2020, and DC-TCN: Ma et al. 2021, mpc001. `filters` is 64 there.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


def act(kind, channels):
    return {"relu": nn.ReLU, "swish": nn.SiLU}[kind]() if kind != "prelu" else nn.PReLU(channels)


class StandardBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, kind, se=False):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = act(kind, outputs), act(kind, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample, self.se = None, se
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        if se:
            middle = max(1, outputs // 16)
            self.conv3, self.conv4 = nn.Conv2d(outputs, middle, 1), nn.Conv2d(middle, outputs, 1)

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.se:
            y = y * self.conv4(F.relu(self.conv3(y.mean((2, 3), keepdim=True)))).sigmoid()
        return self.relu2(y + (x if self.downsample is None else self.downsample(x)))


class Trunk(nn.Module):
    """ResNet-18 behind a stem; `norm`: of its features."""

    def __init__(self, filters, kind, se=False, norm=False):
        super().__init__()
        inputs = filters
        for stage in range(4):
            outputs = filters << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(
                StandardBlock(inputs, outputs, 1 if stage == 0 else 2, kind, se),
                StandardBlock(outputs, outputs, 1, kind, se)))
            inputs = outputs
        if norm:
            self.bn = nn.BatchNorm1d(inputs)

    def forward(self, x):
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        x = x.mean((2, 3))
        return self.bn(x) if hasattr(self, "bn") else x


def stem(channels, filters, kind):
    return nn.Sequential(
        nn.Conv3d(channels, filters, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False), nn.BatchNorm3d(filters),
        act(kind, filters), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))


def frames(frontend, trunk, x):
    """`[clip, time, channel, row, column]` to `[clip, time, feature]`."""
    y = frontend(x.transpose(1, 2)).transpose(1, 2)
    return trunk(y.flatten(0, 1)).unflatten(0, y.shape[:2])


def with_boundary(y, boundary):
    """One feature more: the word boundary, `[clip, time]`, if there is one."""
    return y if boundary is None else torch.cat([y, boundary[:, :, None]], 2)


class VideoCNN(nn.Module):
    def __init__(self, channels, filters, se):
        super().__init__()
        self.frontend3D = stem(channels, filters, "relu")
        self.resnet18 = Trunk(filters, "relu", se, norm=True)

    def forward(self, x):
        return frames(self.frontend3D, self.resnet18, x)


class BiGRU(nn.Module):
    def __init__(self, channels, filters, classes, se=False, boundary=False):
        super().__init__()
        self.video_cnn = VideoCNN(channels, filters, se)
        self.gru = nn.GRU(8 * filters + boundary, 16 * filters, 3, batch_first=True, bidirectional=True)
        self.v_cls = nn.Linear(32 * filters, classes)

    def forward(self, x, boundary=None):
        return self.v_cls(self.gru(with_boundary(self.video_cnn(x), boundary))[0]).mean(1)


class Chomp(nn.Module):
    def __init__(self, padding):
        super().__init__()
        self.half = padding // 2

    def forward(self, x):
        return x[:, :, self.half:x.shape[2] - self.half]


class Branch(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation, kind):
        super().__init__()
        padding = (kernel - 1) * dilation
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        self.batchnorm, self.chomp, self.non_lin = nn.BatchNorm1d(outputs), Chomp(padding), act(kind, outputs)

    def forward(self, x):
        return self.non_lin(self.chomp(self.batchnorm(self.conv(x))))


class MultiscaleBlock(nn.Module):
    def __init__(self, inputs, outputs, kernels, dilation, dropout, kind):
        super().__init__()
        self.count = len(kernels)
        for half in range(2):
            for k, kernel in enumerate(kernels):
                branch = Branch(outputs if half else inputs, outputs // self.count, kernel, dilation, kind)
                setattr(self, f"cbcr{half}_{k}", branch)
        self.downsample = nn.Conv1d(inputs, outputs, 1)
        self.relu_final, self.dropout = act(kind, outputs), nn.Dropout(dropout)

    def half(self, half, x):
        return self.dropout(torch.cat([getattr(self, f"cbcr{half}_{k}")(x) for k in range(self.count)], 1))

    def forward(self, x):
        return self.relu_final(self.half(1, self.half(0, x)) + self.downsample(x))


class MSTCN(nn.Module):
    def __init__(self, channels, filters, classes, kind="prelu", boundary=False):
        super().__init__()
        self.trunk = Trunk(filters, kind)
        self.frontend3D = stem(channels, filters, kind)
        size = 12 * filters
        self.tcn = nn.Module()
        self.tcn.mb_ms_tcn = nn.Module()
        self.tcn.mb_ms_tcn.network = nn.Sequential(*[
            MultiscaleBlock(8 * filters + boundary if i == 0 else size, size, [3, 5, 7], 2**i, 0, kind) for i in range(4)])
        self.tcn.tcn_output = nn.Linear(size, classes)

    def forward(self, x, boundary=None):
        y = with_boundary(frames(self.frontend3D, self.trunk, x), boundary)
        y = self.tcn.mb_ms_tcn.network(y.transpose(1, 2))
        return self.tcn.tcn_output(y.mean(2))


class SELayer(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        middle = max(1, channels // reduction)
        self.fc = nn.Sequential(
            nn.Linear(channels, middle, bias=False), nn.SiLU(), nn.Linear(middle, channels, bias=False), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean(2))[:, :, None]


class DenseBranch(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation, kind):
        super().__init__()
        padding = (kernel - 1) * dilation
        self.net = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation), nn.BatchNorm1d(outputs),
            Chomp(padding), act(kind, outputs))

    def forward(self, x):
        return self.net(x)


class DenseTemporalLayer(nn.Module):
    def __init__(self, inputs, outputs, kernels, dilation, dropout, kind, se):
        super().__init__()
        self.count, self.se = len(kernels), se
        for half in range(2):
            for k, kernel in enumerate(kernels):
                if se and half == 0:
                    setattr(self, f"cbcr0_se_{k}", SELayer(inputs))
                branch = DenseBranch(outputs if half else inputs, outputs // self.count, kernel, dilation, kind)
                setattr(self, f"cbcr{half}_{k}", branch)
        self.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
        self.relu_final, self.dropout = act(kind, outputs), nn.Dropout(dropout)

    def forward(self, x):
        parts = [getattr(self, f"cbcr0_se_{k}")(x) if self.se else x for k in range(self.count)]
        y = self.dropout(torch.cat([getattr(self, f"cbcr0_{k}")(part) for k, part in enumerate(parts)], 1))
        y = self.dropout(torch.cat([getattr(self, f"cbcr1_{k}")(y) for k in range(self.count)], 1))
        return self.relu_final(y + (x if self.downsample is None else self.downsample(x)))


class DenseTemporalBlock(nn.ModuleDict):
    def __init__(self, inputs, growth, kernels, dilations, kind, se):
        super().__init__()
        for i in range(3):
            layer = DenseTemporalLayer(
                inputs + i * growth, growth, kernels, dilations[i % len(dilations)], 0, kind, se)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, x):
        for layer in self.values():
            x = torch.cat([x, layer(x)], 1)
        return x


class Transition(nn.Sequential):
    def __init__(self, inputs, outputs, kind):
        super().__init__()
        self.add_module("conv", nn.Conv1d(inputs, outputs, 1, bias=False))
        self.add_module("norm", nn.BatchNorm1d(outputs))
        self.add_module(kind, act(kind, outputs))


class DCTCN(nn.Module):
    def __init__(self, channels, filters, classes, kind="prelu", se=True, boundary=False):
        super().__init__()
        self.trunk = Trunk(filters, kind)
        self.frontend3D = stem(channels, filters, kind)
        reduced, growth = 8 * filters, 6 * filters
        features = nn.Sequential()
        features.add_module("transition0", Transition(8 * filters + boundary, reduced, "prelu"))
        for i in range(4):
            features.add_module(
                f"denseblock{i + 1}", DenseTemporalBlock(reduced, growth, [3, 5, 7], [1, 2, 5], kind, se))
            if i < 3:
                features.add_module(f"transition{i + 1}", Transition(reduced + 3 * growth, reduced, kind))
        features.add_module("norm5", nn.BatchNorm1d(reduced + 3 * growth))
        self.tcn = nn.Module()
        self.tcn.tcn_trunk = nn.Module()
        self.tcn.tcn_trunk.features = features
        self.tcn.tcn_output = nn.Linear(reduced + 3 * growth, classes)

    def forward(self, x, boundary=None):
        y = with_boundary(frames(self.frontend3D, self.trunk, x), boundary)
        y = self.tcn.tcn_trunk.features(y.transpose(1, 2))
        return self.tcn.tcn_output(y.mean(2))


class SmallGRU(nn.Module):
    """`cnn3d_gru`, a network of ours."""

    def __init__(self, channels, filters, classes, boundary=False):
        super().__init__()
        inputs = channels
        for i, kernel in enumerate([5, 3, 3]):
            outputs = filters << i
            stride = 2 if i == 0 else 1
            setattr(self, f"conv{i + 1}", nn.Conv3d(
                inputs, outputs, (3, kernel, kernel), (1, stride, stride), (1, kernel // 2, kernel // 2), bias=False))
            setattr(self, f"bn{i + 1}", nn.BatchNorm3d(outputs))
            inputs = outputs
        self.gru = nn.GRU(inputs + boundary, 8 * filters, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(16 * filters, classes)

    def forward(self, x, boundary=None):
        y = x.transpose(1, 2)
        for i in range(3):
            y = F.max_pool3d(F.relu(getattr(self, f"bn{i + 1}")(getattr(self, f"conv{i + 1}")(y))), (1, 2, 2))
        return self.fc(self.gru(with_boundary(y.mean((3, 4)).transpose(1, 2), boundary))[0].mean(1))


def count(model):
    return sum(p.numel() for p in model.parameters())


MODELS = {
    "resnet18_bigru": BiGRU, "resnet18_mstcn": MSTCN, "resnet18_dctcn": DCTCN, "cnn3d_gru": SmallGRU,
}

if __name__ == "__main__":
    for name, model in MODELS.items():
        print(name, count(model(1, 64, 500)))
