"""A model under disturbance: darkness, noise, blur, compression, few pictures, other views."""
