"""No protection against adversarial examples rests on redundancy alone."""
