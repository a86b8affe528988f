"""From a checkpoint to a portable file, and its proof."""
