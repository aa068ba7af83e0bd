"""A headless Chromium, driven by chromedriver over the W3C WebDriver protocol.

Both are Debian's packages. The protocol is JSON over HTTP, so no library is needed for the few
commands that tests use (w3.org/TR/webdriver2).
"""

import base64
import json
import shutil
import subprocess
import urllib.request

from harness import free_port, wait_until

# What the protocol calls a reference to an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One window; `close` ends the browser and its driver."""

    def __init__(self, folder, *, width=1280, height=900, dark=False):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        log = open(folder / "chromedriver.log", "w")
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), f"--port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        wait_until(self._is_ready, "the driver's answer", 30)
        arguments = [
            "--headless=new",
            # Tests run as root in containers, where the sandbox of Chromium cannot be had.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={width},{height}",
            f"--user-data-dir={folder}/profile",
            "--ignore-certificate-errors",
        ]
        if dark:
            arguments.append("--force-dark-mode")
        options = {"args": arguments, "binary": shutil.which("chromium")}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{answer['sessionId']}"
        self.emulate(width, height, dark)

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def _command(self, method, path, body=None):
        return self._ask(method, self.session + path, body)

    def _devtools(self, name, **parameters):
        body = {"cmd": name, "params": parameters}
        return self._command("POST", "/goog/cdp/execute", body)

    def emulate(self, width, height, dark):
        """Makes the window that large, whatever the least one of the system's is."""
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._devtools("Emulation.setEmulatedMedia", features=features)

    def open(self, url):
        self._command("POST", "/url", {"url": url})

    def url(self):
        return self._command("GET", "/url")

    def run(self, script, *arguments):
        """What a script returns in the page."""
        return self._command("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self, selector="body"):
        """The text as somebody sees it."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_for(self, text, selector="body", seconds=60):
        """Waits until somebody sees the text; returns all there is to see then."""

        def seen():
            shown = self.text(selector)
            return shown if text in shown else None

        return wait_until(seen, f"'{text}' in {self.url()}", seconds)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def find(self, selector):
        body = {"using": "css selector", "value": selector}
        return self._command("POST", "/element", body)[ELEMENT]

    def click(self, selector):
        self._command("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self._command("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, key):
        """Presses a key wherever the focus is."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        source = {"type": "key", "id": "keyboard", "actions": keys}
        self._command("POST", "/actions", {"actions": [source]})

    def complaints(self):
        """What the console told of errors since the last time: broken policies, failing scripts."""
        entries = self._command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def screenshot(self, path, most=10_000):
        """The page, below the window's edge, too, as far as `most` pixels."""
        height = min(most, self.run("return document.documentElement.scrollHeight"))
        width = self.run("return document.documentElement.clientWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        answer = self._devtools(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self):
        try:
            self._command("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(30)
