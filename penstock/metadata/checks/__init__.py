"""`penstock store check`: what must hold in every store, and what of it can be set right without losing anything."""
