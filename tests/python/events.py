"""Reads a folder of events that Sapwood has written, with TensorBoard's own reader, and prints what is in it."""

import io
import sys

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

events = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "histograms": 0, "scalars": 0, "tensors": 0})
events.Reload()
for tag in sorted(events.Tags()["scalars"]):
    print(tag, [(event.step, event.value) for event in events.Scalars(tag)])
for tag in sorted(events.Tags()["histograms"]):
    for event in events.Histograms(tag):
        value = event.histogram_value
        print(tag, event.step, value.min, value.max, value.num, value.sum, value.sum_squares, sum(value.bucket))
for tag in sorted(events.Tags()["images"]):
    for event in events.Images(tag):
        image = Image.open(io.BytesIO(event.encoded_image_string))
        print(tag, event.step, (event.height, event.width), image.mode, list(image.tobytes()))
for tag in sorted(events.Tags()["tensors"]):
    for event in events.Tensors(tag):
        print(tag, event.step, tensor_util.make_ndarray(event.tensor_proto)[0].decode())
