"""The API's description of itself: the OpenAPI document, and `/docs`, its page for a browser."""
