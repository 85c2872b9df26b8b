"""Every Scrapy setting that is not the default, with its reason."""

from __future__ import annotations

from typing import Any

from crawler.run import Run

SETTINGS: dict[str, Any] = {
    # Off: servers that run code or show internals inside the crawling process.
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    # On: Scrapy does not check certificates unless told; a broken one is a finding for an operator.
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    # Off: the cache answers without asking and turns a 500 into a 200.
    "HTTPCACHE_ENABLED": False,
    # Off: our own replace them (Retry-After; robots 5xx; Crawl-delay).
    "RETRY_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    # Off: it overrides the delays promised per group.
    "AUTOTHROTTLE_ENABLED": False,
    # 0: delays are kept over all processes by crawler.manners.
    "DOWNLOAD_DELAY": 0,
    # Off: a proxy out of the environment would connect to addresses nobody vetted.
    "HTTPPROXY_ENABLED": False,
    # A report is small; 50 MB after decompression stops a bomb.
    "DOWNLOAD_MAXSIZE": 50 * 1024 * 1024,
    "DOWNLOAD_WARNSIZE": 0,
    "REDIRECT_MAX_TIMES": 5,
    # Off: a meta refresh is page content, which decides nothing here.
    "METAREFRESH_ENABLED": False,
    # On: several platforms set a cookie and redirect to themselves; the jar lives as long as the run.
    "COOKIES_ENABLED": True,
    # Off: statistics of memory and log dumps belong to the parent process.
    "LOG_ENABLED": False,
    "TWISTED_DNS_RESOLVER": "crawler.middlewares.address_guard.GuardedResolver",
    "DOWNLOAD_HANDLERS": {
        "http": "crawler.wire.Wire",
        "https": "crawler.wire.Wire",
        "file": None,
        "data": None,
        "ftp": None,
        "s3": None,
    },
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        "crawler.middlewares.robots.RobotsMiddleware": 100,
        # Behind robots: a page that may not be asked for is not rendered either.
        "crawler.middlewares.render.RenderMiddleware": 200,
        "crawler.middlewares.retry_after.RetryAfterMiddleware": 550,
        # Inside of capture, which writes the 304 down; outside of decompression: what is stored is of the wire.
        "crawler.middlewares.conditional.ConditionalMiddleware": 860,
        # Outside of decompression (590), so that the WARC holds the bytes of the wire.
        "crawler.middlewares.capture.CaptureMiddleware": 870,
        # Next to the downloader: nothing is captured from an address that is not allowed.
        "crawler.middlewares.address_guard.AddressGuardMiddleware": 880,
    },
    # Off: a refusal or an error page is judged by classify, not dropped; a link dropped for its length would be a page
    # silently not read; depth and start say nothing to us, and each costs a generator for every request.
    "SPIDER_MIDDLEWARES": {
        "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
        "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
        "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    },
    # Off: what a run did stands in its result and its evidence.
    "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
    "EXTENSIONS": {
        "scrapy.extensions.corestats.CoreStats": None,
        "scrapy.extensions.logstats.LogStats": None,
        "scrapy.extensions.memusage.MemoryUsage": None,
    },
    # 1: we have no items, and Scrapy makes so many tasks for every response.
    "CONCURRENT_ITEMS": 1,
    # Off: it reads the source of the spider anew for every response.
    "WARN_ON_GENERATOR_RETURN_VALUE": False,
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
}

_REPLAYED: dict[str, Any] = {
    "DOWNLOAD_HANDLERS": SETTINGS["DOWNLOAD_HANDLERS"]
    | {"http": "crawler.replay.ReplayHandler", "https": "crawler.replay.ReplayHandler"},
    # Nothing is captured anew; what was captured then is told instead.
    "DOWNLOADER_MIDDLEWARES": SETTINGS["DOWNLOADER_MIDDLEWARES"]
    | {
        "crawler.middlewares.capture.CaptureMiddleware": None,
        "crawler.middlewares.render.RenderMiddleware": None,
        "crawler.replay.ReplayMiddleware": 870,
    },
}


def settings_for(run: Run, user_agent: str) -> dict[str, Any]:
    """Settings of a run: one download slot per politeness group; a replay is answered by the evidence alone."""
    slots = {group: {"delay": 0, "concurrency": seats} for group, seats in run.manners.concurrency().items()}
    settings = SETTINGS | {"USER_AGENT": user_agent, "DOWNLOAD_SLOTS": slots, "DOWNLOAD_TIMEOUT": run.timeout}
    return settings | _REPLAYED if run.playback else settings
