"""The inference server that enforces the controls: guards around a model, with thin hosts around the guards."""
