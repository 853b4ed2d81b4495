"""Looking inside a network: signals, dead units, gradients, weights, curvature, kernel.

Each measurement is a function of an `nn.Module` and tensors, for networks of one's own;
`diagnose` trains a recipe's network and takes them all.
"""

from .calibrated import calibrated as calibrated
from .change import kernels as kernels
from .change import weight_change as weight_change
from .dead import DeadUnits as DeadUnits
from .dead import dead_units as dead_units
from .diagnose import NoValidationImages as NoValidationImages
from .diagnose import diagnose as diagnose
from .distribution import Distribution as Distribution
from .distribution import distribution as distribution
from .gradients import GradientNorms as GradientNorms
from .gradients import gradient_norms as gradient_norms
from .hessian import LossHessian as LossHessian
from .instability import Instability as Instability
from .instability import instability as instability
from .kernel import TangentKernel as TangentKernel
from .kernel import tangent_kernel as tangent_kernel
from .lanczos import lanczos as lanczos
from .result import PARTS as PARTS
from .result import Diagnosis as Diagnosis
from .result import Epoch as Epoch
from .result import Look as Look
from .signals import LayerSignals as LayerSignals
from .signals import layer_signals as layer_signals
from .sizes import InvalidSizes as InvalidSizes
from .sizes import Sizes as Sizes
from .spectrum import Spectrum as Spectrum
from .spectrum import density as density
from .spectrum import spectrum as spectrum
from .surface import Surface as Surface
from .surface import loss_surface as loss_surface
from .training import epochs as epochs
