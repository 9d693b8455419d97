"""The contracts of an engine, the engines, and the thread they live on."""
