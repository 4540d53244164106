"""State and questions that cross a service boundary: deployments, routes, samples, request/reply shapes.

Facts live in `shared.events`; what is *currently so* (KV values) or *asked for* (request/reply) lives here.
"""
