"""A call becomes upstream bytes and back; the only package that touches upstreams."""
