"""The player, against a scripted transport."""
