"""TorchScript archives: what torch.jit.load gives, without running anything."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PIL")

import torch
from hostile_files import WRITTEN, pickle_that_writes, script, script_that_writes
from torch import Tensor, nn

from vrbench.encoders.checkpoint import read_tensors
from vrbench.encoders.torchscript import MOST_ATTRIBUTES
from vrbench.errors import InputError

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]

DTYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4, bias=False))
        self.register_buffer("mask", torch.ones(2, 2))
        self.register_buffer("not_persistent", torch.ones(2), persistent=False)
        self.register_buffer("nothing", None)
        self.plain = torch.ones(3)
        self.number, self.names, self.table = 5, ["a", "b"], {"x": torch.ones(2)}
        self.ln = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.ln(self.mlp(x) + self.plain.sum()))


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        self.register_buffer("columns", whole[:, 1:5:2])
        self.register_buffer("turned", whole.T)
        self.proj = nn.Parameter(torch.randn(6, 4).t())
        self.tied = self.proj
        self.scale = nn.Parameter(torch.tensor(4.5))
        self.register_buffer("resolution", torch.tensor(224))
        self.register_buffer("empty", torch.ones(0, 3))
        for dtype in DTYPES:
            self.register_buffer(f"of_{dtype}".replace(".", "_"), torch.arange(5).to(dtype))
        self.attention = nn.MultiheadAttention(4, 2)
        self.named = nn.ModuleDict({"b": nn.Linear(2, 2), "a": nn.Linear(2, 2)})

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x @ self.proj * self.scale


class Traced(Model):
    def __init__(self) -> None:
        super().__init__()
        del self.tied


def trace(module: nn.Module, path: Path) -> Path:
    tracing: Any = torch.jit.trace
    tracing(module.eval(), torch.ones(1, 4)).save(str(path))
    return path


@pytest.mark.parametrize(("save", "kind"), [(script, Model), (trace, Traced)])
@pytest.mark.parametrize("half", [False, True])
def test_names_order_and_tensors_are_those_of_torch(
    tmp_path: Path, save: Any, kind: Any, half: bool
) -> None:
    torch.manual_seed(0)
    path = save(kind(), tmp_path / "m.pt")
    load: Any = torch.jit.load
    if half:
        module = load(str(path)).half()
        module.save(str(path))
    expected = load(str(path), map_location="cpu").state_dict()
    found = read_tensors(path)
    assert list(found) == list(expected)
    assert {"blocks.1.mlp.0.weight", "named.a.bias", "resolution"} < found.keys()
    assert "blocks.0.plain" not in found
    for name, tensor in expected.items():
        same = found[name]
        assert (same.dtype, same.shape, same.stride()) == (
            tensor.dtype,
            tensor.shape,
            tensor.stride(),
        )
        assert same.storage_offset() == tensor.storage_offset(), name
        assert torch.equal(same, tensor), name
        assert same.data_ptr() % 16 == (same.storage_offset() * same.element_size()) % 16
        assert not same.requires_grad
    for one, other in (("columns", "turned"), ("columns", "proj")):
        shared = [
            s[one].untyped_storage().data_ptr() == s[other].untyped_storage().data_ptr()
            for s in (found, expected)
        ]
        assert shared[0] == shared[1] == (other == "turned" and not half)


def test_code_that_restores_a_module_does_not_run(tmp_path: Path) -> None:
    target = tmp_path / "startup.pth"
    path = script_that_writes(tmp_path / "evil.pt", target)
    with pytest.raises(InputError, match=r"'__torch__\S*\.Writer', which code .*torch\.jit\.load"):
        read_tensors(path)
    assert not target.exists()
    load: Any = torch.jit.load
    load(str(path))
    assert target.read_bytes() == WRITTEN, "the archive would have written it"


def test_pickles_do_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    path = pickle_that_writes(tmp_path / "evil.pt", target)
    with pytest.raises(InputError, match="without other Python objects"):
        read_tensors(path)
    assert not target.exists()
    torch.load(path, weights_only=False)
    assert target.exists(), "the pickle would have made it"


def edited(path: Path, changes: dict[str, bytes], **how: Any) -> Path:
    """Write an archive again with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, data in (members | changes).items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return script(Block(), tmp_path / "m.pt")


class Call:
    """A pickle of a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def test_a_pickle_in_an_archive_calls_nothing(archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "made"
    for protocol in range(6):
        data = pickle.dumps(Call(Path.mkdir, target), protocol)
        with pytest.raises(InputError):
            read_tensors(edited(archive, {"m/data.pkl": data}))
        assert not target.exists()


def nested(deep: int) -> bytes:
    """Return the pickle of a dictionary whose key is a tuple in a tuple in a tuple ..."""
    return b"\x80\x02}(" + b")" + b"\x85" * deep + b"Nu."


def shared(deep: int) -> bytes:
    """Return the pickle of modules that hold the next one twice: 2 ** deep of them."""
    name = b"c__torch__.hostile\nShared\n)\x81}"
    inner = name + b"b"
    for _ in range(deep):
        inner = name + b"(X\x01\x00\x00\x00a" + inner + b"q\x00X\x01\x00\x00\x00bh\x00ub"
    return b"\x80\x02" + inner + b"."


@pytest.mark.slow
def test_small_archives_take_little(archive: Path) -> None:
    code = b"class Shared(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
    with zipfile.ZipFile(archive) as file:
        whole = file.read("m/data.pkl")
    far = whole.replace(b"(K\x08K\x04t", b"(K\x08J\x00\x00\x00\x7ft")
    assert far != whole
    cases = {
        f"more than {MOST_ATTRIBUTES:,} attributes": shared(60),
        "cannot be read as weights": nested(1_000_000),
        "cannot be read": far,
        "no code in a weights file is run": b"\x80\x02N.",
        "cannot be read as": b"\x80\x02" + b"(" * 1_000_000 + b".",
    }
    for message, data in cases.items():
        changes = {"m/data.pkl": data, "m/code/__torch__/hostile.py": code}
        with pytest.raises(InputError, match=message):
            read_tensors(edited(archive, changes))


@pytest.mark.parametrize("name", ["data/0", "code/__torch__/x.py", "data.pkl"])
def test_packed_archives_are_refused_before_they_are_unpacked(archive: Path, name: str) -> None:
    packed = edited(archive, {f"m/{name}": bytes(40 << 20)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match=r"would be 4\d,\d+,\d+ bytes unpacked"):
        read_tensors(packed)


def test_tensors_that_repeat_their_bytes_are_refused(tmp_path: Path) -> None:
    tied = torch.ones(1000)
    torch.save({"a": tied, "b": tied, "c": tied[:10]}, tmp_path / "tied.pt")
    assert list(read_tensors(tmp_path / "tied.pt")) == ["a", "b", "c"]
    torch.save({"a": torch.ones(1).expand(1 << 40)}, tmp_path / "wide.pt")
    with pytest.raises(InputError, match=r"tensors of 4,398,046,511,104, which repeat the same"):
        read_tensors(tmp_path / "wide.pt")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("device", ["sparse", "meta"])
def test_tensors_that_are_no_numbers_are_refused(tmp_path: Path, device: str) -> None:
    tensor = torch.eye(3).to_sparse() if device == "sparse" else torch.ones(3, device="meta")
    torch.save({"a": tensor}, tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"no plain tensor|cannot be read as"):
        read_tensors(tmp_path / "w.pt")
