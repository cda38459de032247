"""From operational systems to trusted marts."""
