"""A separator × songs → scores a song, with the bounds beside them."""
