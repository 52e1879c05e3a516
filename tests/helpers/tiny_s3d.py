"""The released S3D with random weights, which runs on small frames and one core."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from vrbench.encoders.s3d.net import s3d_net

SIZE = 16


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """More would only wait for each other: the layers are tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def net() -> Any:
    """Random weights whose activations neither vanish nor explode."""
    torch.manual_seed(0)
    net = s3d_net().eval()
    for name, module in net.named_modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            buffers = dict(module.named_buffers())
            buffers["running_mean"].normal_(0, 0.05)
            buffers["running_var"].fill_(0.02 if name.startswith("conv1.") else 0.1)
    return net.requires_grad_(False)
