"""Widgets: see the arithmetic move under your finger.

Each shows your own arrays or network, in JupyterLab and in a page of its own with no
kernel (``to_html``). Python holds the state, the files in ``static/`` draw it.
"""

from .convolution import ConvolutionExplorer
from .digit_pad import DigitPad
from .im2col import Im2colExplorer
from .placing import place_digit
from .pooling import PoolingExplorer
from .shapes import ShapeCalculator
from .training import TrainingMonitor
