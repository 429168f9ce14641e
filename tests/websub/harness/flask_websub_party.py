"""Somebody else's subscriber and hub (Flask-WebSub), in a process with Flask-WebSub's own Python.

Reads one word and its argument a line from standard input: "subscribe HUB_URL", "renew ID", "unsubscribe ID".
Writes one JSON list a line: what it did and what it heard.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import flask_websub.subscriber
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import SQLite3SubscriberStorage, SQLite3TempSubscriberStorage, Subscriber
from werkzeug.serving import make_server

TOPIC = "https://news.example.org/feeds/atom.xml"
SECRET = "a secret of its own"

# On loopback there is no TLS, and without it this library sends no secret.
flask_websub.subscriber.is_secure = lambda url: True


def say(*words: object) -> None:
    sys.stdout.write(f"{json.dumps(words)}\n")
    sys.stdout.flush()


class AtOnce:
    """Stands for Celery: a task is noted, and nothing is done."""

    def task(self, **options: object):
        def wrap(work):
            work.delay = lambda *arguments: say("hub", work.__name__.rpartition("_")[0], *arguments)
            return work

        return wrap


def main(folder: Path) -> None:
    store = str(folder / "subscriber.db")
    subscriber = Subscriber(SQLite3SubscriberStorage(store), SQLite3TempSubscriberStorage(store))
    subscriber.add_listener(lambda topic, key, body: say("news", topic, key, body.decode()))
    subscriber.add_success_handler(lambda topic, key, mode: say("confirmed", topic, key, mode))
    app = Flask("party")
    app.config["PUBLISH_SUPPORTED"] = True
    app.register_blueprint(subscriber.build_blueprint(url_prefix="/callbacks"))
    hub = Hub(SQLite3HubStorage(str(folder / "hub.db")), AtOnce(), **app.config)
    app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    at = f"127.0.0.1:{server.server_port}"
    app.config["SERVER_NAME"] = at
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say("ready", f"http://{at}")
    for line in sys.stdin:
        word, _, argument = line.strip().partition(" ")
        with app.app_context():
            if word == "subscribe":
                say("asked", subscriber.subscribe(topic_url=TOPIC, hub_url=argument, secret=SECRET, lease_seconds=3600))
            else:
                getattr(subscriber, word)(argument)
                say("asked", argument)


main(Path(sys.argv[1]))
