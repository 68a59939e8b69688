"""An LLM provider for tests, with every fault that a request asks for."""
