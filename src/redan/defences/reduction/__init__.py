"""Information reduction: distillation, pruning, fewer features, each measured before it is believed."""
