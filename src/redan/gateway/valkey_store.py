"""Nonces, rates and totals that several replicas share: one script, one round trip, all claims or none.

The clock of the script is the server's: replicas whose clocks differ would otherwise give each other time that has not
passed. A server that does not answer means that nothing is answered.

Source: Valkey 8 and Redis 7, EVALSHA and TIME (effects are replicated, so a script may read the time); ITU-T I.371.
"""

import hashlib
import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from redan.errors import ConfigError, MissingExtraError
from redan.exchange.flow import Claim, Spent
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.guards.store import NONCE, RATE, TOTAL

if TYPE_CHECKING:
    from valkey.asyncio import Valkey

_LOG = logging.getLogger("redan.gateway")
_KINDS: Final = {NONCE: "n", RATE: "r", TOTAL: "t"}
# Argument 1 is the time of a test, or the empty string for the server's own; then four of each claim. Keys are one name
# of each claim and one of its factor, in the same slot.
_SCRIPT: Final = """
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) + tonumber(t[2]) / 1000000
end
local n = (#ARGV - 1) / 4
local writes = {}
local pending = {}
for i = 1, n do
  local at = 1 + (i - 1) * 4
  local kind, amount = ARGV[at + 1], tonumber(ARGV[at + 2])
  local limit, period = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local key, scaled = KEYS[2 * i - 1], KEYS[2 * i]
  local factor = 1
  if scaled ~= key then
    factor = tonumber(redis.call('GET', scaled) or '1')
  end
  if kind == 'n' then
    if pending[key] or redis.call('EXISTS', key) == 1 then return {i, '-1'} end
    pending[key] = true
    writes[#writes + 1] = {'n', key, period}
  elseif kind == 't' then
    local spent = pending[key] or tonumber(redis.call('GET', key) or '0')
    if not (spent + amount <= limit * factor) then return {i, '-1'} end
    pending[key] = spent + amount
    writes[#writes + 1] = {'t', key, spent + amount}
  else
    if factor <= 0 then return {i, string.format('%.17g', period)} end
    local interval = period / factor
    local tat = pending[key] or tonumber(redis.call('GET', key) or '0')
    tat = math.max(tat, now) + amount * interval
    local early = tat - now - limit * interval
    if not (early <= 1e-9 * math.max(1, interval)) then
      if amount <= limit then return {i, string.format('%.17g', early)} end
      return {i, '-1'}
    end
    pending[key] = tat
    writes[#writes + 1] = {'r', key, tat, tat - now}
  end
end
for _, w in ipairs(writes) do
  if w[1] == 'n' then
    redis.call('SET', w[2], '1', 'PX', math.max(1, math.ceil(w[3] * 1000)))
  elseif w[1] == 't' then
    redis.call('SET', w[2], string.format('%.17g', w[3]))
  else
    redis.call('SET', w[2], string.format('%.17g', w[3]), 'PX', math.max(1, math.ceil(w[4] * 1000) + 1000))
  end
end
return {0, '0'}
"""
# A stricter factor that holds is not replaced by a milder one, whichever replica found it.
_SCALE: Final = """
local held = redis.call('GET', KEYS[1])
if held and tonumber(held) < tonumber(ARGV[1]) then return 0 end
if ARGV[2] == '' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
"""
_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class ValkeyStore:
    """Claims that several processes share.

    Args:
        client: of one server; a connection that breaks is made anew.
        prefix: of every key; its braces keep all of them in one slot.
        own_clock: whether the time given counts, as tests need it; the server's time otherwise.
    """

    def __init__(self, client: "Valkey", *, prefix: str = "{redan}", own_clock: bool = False) -> None:
        self._client = client
        self._prefix = prefix
        self._own_clock = own_clock

    async def spend(self, claims: Sequence[Claim], now: float) -> Spent:
        """Takes all claims, or none; see `redan.guards.store.Store`."""
        from valkey.exceptions import NoScriptError, ValkeyError

        if not claims:
            return Spent()
        keys: list[str] = []
        given: list[str] = [repr(now) if self._own_clock else ""]
        for claim in claims:
            key = f"{self._prefix}{_KINDS[claim.kind]}/{claim.key}"
            keys += [key, f"{self._prefix}f/{claim.scaled}" if claim.scaled and claim.kind != NONCE else key]
            given += [_KINDS[claim.kind], repr(claim.amount), repr(claim.limit), repr(claim.period)]
        try:
            try:
                found: Any = await self._client.evalsha(_SHA, len(keys), *keys, *given)  # type: ignore[misc]
            except NoScriptError:
                found = await self._client.eval(_SCRIPT, len(keys), *keys, *given)  # type: ignore[misc]
        except (ValkeyError, OSError, TimeoutError) as error:
            _LOG.warning("the store does not answer: %s", type(error).__name__)
            raise RefusedError(Refusal(Problem.UNREADY, "store", retry_after=1.0)) from error
        place, after = int(found[0]), float(found[1])
        if not place:
            return Spent()
        return Spent(claims[place - 1], math.inf if after < 0 else after)

    async def scale(self, key: str, factor: float, now: float = 0.0, lasts: float = math.inf) -> None:
        """Sets the factor of a graded response for all replicas; 1 takes it back.

        Args:
            key: of the factor.
            factor: that limits are multiplied by; a stricter one that holds is not replaced by a milder one.
            now: not looked at; the server's clock counts.
            lasts: seconds after which it ends by itself.

        Raises:
            RefusedError: the store does not answer.
        """
        from valkey.exceptions import ValkeyError

        del now
        name = f"{self._prefix}f/{key}"
        try:
            if factor >= 1.0:
                await self._client.delete(name)
            else:
                ends = str(max(1, int(lasts * 1000))) if math.isfinite(lasts) else ""
                await self._client.eval(_SCALE, 1, name, repr(max(0.0, factor)), ends)  # type: ignore[misc]
        except (ValkeyError, OSError, TimeoutError) as error:
            raise RefusedError(Refusal(Problem.UNREADY, "store")) from error

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()


def valkey_store(url: str, *, timeout_s: float = 0.5, connections: int = 64) -> ValkeyStore:
    """A store of the server at an address.

    Args:
        url: `valkey://`, `valkeys://`, `redis://`, `rediss://` or `unix://`.
        timeout_s: seconds that it may take to answer.
        connections: at once.

    Raises:
        MissingExtraError: the client is not installed.
        ConfigError: it is no such address.
    """
    try:
        from valkey.asyncio import BlockingConnectionPool, Valkey
    except ImportError as error:
        raise MissingExtraError("gateway", "valkey") from error
    plain = url.replace("redis", "valkey", 1) if url.startswith("redis") else url
    try:
        pool = BlockingConnectionPool.from_url(
            plain,
            max_connections=connections,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
    except ValueError as error:
        raise ConfigError("is no address of a store", where="gateway.store") from error
    return ValkeyStore(Valkey.from_pool(pool))
