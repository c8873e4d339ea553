"""The command line: parse, call one function, print. The only room that knows click."""
