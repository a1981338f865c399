select source{identity}
from {registry}
