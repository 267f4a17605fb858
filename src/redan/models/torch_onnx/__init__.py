"""An ONNX file as a PyTorch module: for gradients, and only where it answers as onnxruntime does.

Nothing is imported here: the module needs PyTorch and onnx, which are optional.
"""
