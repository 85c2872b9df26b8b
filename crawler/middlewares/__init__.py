"""Scrapy middlewares: capture, retries that obey Retry-After, robots.txt, and the guard of private addresses."""
