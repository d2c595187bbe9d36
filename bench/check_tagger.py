"""Is `tagger_net.py` musicnn? Its variables against those that TensorFlow reads, its logits against the graph that lies
beside the checkpoint, run by TensorFlow.

    python bench/check_tagger.py SONG      (needs `pip install --no-deps musicnn` and tensorflow-cpu)

Patches of 3 s of SONG, every 10 s, go into both.
"""

import os
import sys
import tempfile
from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from tagger_net import FRAMES, NETS, RATE, Tagger, folder_of_package, log_mel

Arrays = dict[str, NDArray[np.float32]]


def variables(folder: Path) -> Arrays:
    """As TensorFlow reads them, which takes no file whose name begins with a dot."""
    import tensorflow as tf  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        for end in ("index", "data-00000-of-00001"):
            (Path(name) / f"net.{end}").write_bytes((folder / f".{end}").read_bytes())
        reader = tf.train.load_checkpoint(f"{name}/net")
        return {key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map()}


def logits(folder: Path, values: Arrays, patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """(patch, frame, mel) → (patch, tag), by the part of the training's graph that ends with the logits; variables
    become constants, and shapes that TensorFlow 2 does not accept are left for it to find."""
    import tensorflow as tf  # noqa: PLC0415

    v1 = tf.compat.v1
    v1.disable_eager_execution()
    training = v1.MetaGraphDef.FromString((folder / ".meta").read_bytes()).graph_def
    end = [node.name for node in training.node if node.op == "BiasAdd"][-1]
    graph, made = v1.graph_util.extract_sub_graph(training, [end]), v1.GraphDef()
    for node in graph.node:
        if node.op == "VariableV2":
            constant = made.node.add(op="Const", name=node.name)
            constant.attr["dtype"].type = tf.float32.as_datatype_enum
            constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values[node.name]))
        else:
            for name in ("_output_shapes", "_class"):
                node.attr.pop(name, None)
            made.node.add().CopyFrom(node)
    with tf.Graph().as_default() as run, v1.Session(graph=run) as session:
        v1.import_graph_def(made, name="")
        places = [operation.outputs[0] for operation in run.get_operations() if operation.type == "Placeholder"]
        heard = {place: False if place.dtype == tf.bool else patches for place in places}
        return np.asarray(session.run(run.get_tensor_by_name(f"{end}:0"), heard))


def main(song: str) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    package = folder_of_package()
    if package is None:
        raise SystemExit("musicnn is not installed: pip install --no-deps musicnn brings its weights.")
    mel = log_mel(librosa.load(song, sr=RATE)[0])
    patches = np.stack([mel[at : at + FRAMES] for at in range(0, len(mel) - FRAMES, 10 * RATE // 256)])
    for name in NETS:
        net, theirs = Tagger(package, name), variables(package / name)
        equal = all(np.array_equal(values.numpy(), theirs[key]) for key, values in net.weights.items())
        ours = net.logits(torch.from_numpy(patches)).numpy()
        wanted = logits(package / name, theirs, patches)
        apart = np.abs(ours - wanted).max()
        print(f"{name}: {len(net.weights)} variables {'equal' if equal else 'DIFFER'}; {len(patches)} patches, largest")
        print(f"difference of a logit {apart:.1e}, of {np.abs(wanted).max():.1f} at most")


if __name__ == "__main__":
    main(sys.argv[1])
