"""From files of any format to an Examples artifact: what is common to all formats."""
