"""A real Chromium, driven over two pipes in its own protocol: nothing to install, no port that anybody could find."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


class Tab:
    """One page of the browser."""

    def __init__(self, to, back):
        self.to, self.back, self.count, self.rest, self.session = to, back, 0, b"", None
        self.events, self.password, self.asked = [], None, 0

    def call(self, method, /, **params):
        """Asks for something and waits for its answer; what happens meanwhile is kept in `events`."""
        self.count += 1
        wanted = self.count
        message = {"id": wanted, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for found in self._read(until):
                self._asked(found)
                if found.get("id") == wanted:
                    if "error" in found:
                        raise RuntimeError(found["error"])
                    return found["result"]
        raise TimeoutError(method)

    def _asked(self, found):
        """Lets requests go on, and types the password where somebody asks for one."""
        params = found.get("params", {})
        if found.get("method") == "Fetch.requestPaused":
            self._tell("Fetch.continueRequest", requestId=params["requestId"])
        elif found.get("method") == "Fetch.authRequired":
            self.asked += 1
            typed = {"response": "ProvideCredentials", "username": "operator", "password": self.password}
            self._tell("Fetch.continueWithAuth", requestId=params["requestId"], authChallengeResponse=typed)

    def _tell(self, method, **params):
        """Says something without waiting for its answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params, "sessionId": self.session}
        os.write(self.to, json.dumps(message).encode() + b"\0")

    def _read(self, until):
        ready, _, _ = select.select([self.back], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return
        self.rest += os.read(self.back, 1 << 20)
        while b"\0" in self.rest:
            one, _, self.rest = self.rest.partition(b"\0")
            found = json.loads(one)
            self.events.append(found)
            yield found

    def open(self, url):
        """Goes there and waits until it is loaded."""
        self.call("Page.navigate", url="about:blank")  # a page whose server is gone goes on asking for news until here
        self.until("document.readyState === 'complete' && location.href === 'about:blank'")
        self.events.clear()
        self.asked = 0
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script):
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script, seconds=20.0):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError, AssertionError):
                if self.run(script):
                    return
            time.sleep(0.05)
        raise TimeoutError(script)

    def key(self, name, code):
        """Presses a key."""
        text = "\r" if name == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **more)

    def shot(self, path, *, width=1280, height=None, dark=False):
        """A picture of the whole page."""
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        tall = height or int(self.run("document.documentElement.scrollHeight"))
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=tall, deviceScaleFactor=1, mobile=False)
        found = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self):
        """What the browser found wrong: violations of the policy, errors, files that are not there."""
        found = []
        for one in self.events:
            if one.get("method") == "Log.entryAdded" and one["params"]["entry"]["level"] == "error":
                found.append(one["params"]["entry"]["text"])
            if one.get("method") == "Runtime.exceptionThrown":
                found.append(one["params"]["exceptionDetails"]["text"])
        return found


@contextlib.contextmanager
def tab(folder, *, password=None):
    """A page of a fresh browser.

    Args:
        folder: for its profile.
        password: that it shows to whoever asks, as a person would type it.
    """
    theirs, to = os.pipe()
    back, answers = os.pipe()

    line = f'exec "$@" 3<&{theirs} 4>&{answers}'  # the browser reads from 3 and writes to 4
    process = subprocess.Popen(
        ["bash", "-c", line, "bash", str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(theirs, answers),
    )
    os.close(theirs)
    os.close(answers)
    try:
        found = Tab(to, back)
        targets = found.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        found.session = found.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            found.call(f"{domain}.enable")
        if password is not None:
            found.password = password
            found.call("Fetch.enable", handleAuthRequests=True)
        yield found
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(to)
        os.close(back)
