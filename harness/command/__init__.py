"""The console command `mews`: a module for each subcommand, loaded when it is used."""
