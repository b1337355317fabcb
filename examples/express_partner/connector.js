// The Connector API of Mews: one request, its pages, and what to do when it fails.
//
// Mews documents (https://docs.mews.com/connector-api/guidelines/requests): 200 requests per access
// token within 30 seconds; after a 429 wait as `Retry-After` says, without it back off exponentially.
"use strict";

const { MEWS_API_URL = "https://api.mews.com", MEWS_CLIENT_TOKEN } = process.env;
if (!MEWS_CLIENT_TOKEN) throw new Error("Set MEWS_CLIENT_TOKEN to the token that Mews gave you");

const PREFIX = `${MEWS_API_URL.replace(/\/+$/, "")}/api/connector/v1/`;
const CLIENT = "Express Partner 1.0"; // your application and its version: Mews finds calls by it
const TIMEOUT_MS = 30_000; // far above what a busy Mews takes
const MOST = 1000; // ids in a request, and entities on a page
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const [OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR] = [200, 401, 408, 429, 500];

const between = (low, high) => low + Math.random() * (high - low);

class ApiError extends Error {
  // `status` is 200 for an answer that can't be read, and undefined where none came.
  constructor(status, retryAfter) {
    super(`status ${status}`);
    this.status = status;
    this.retryAfterMs = milliseconds(retryAfter);
  }

  // Whether to try again: all but those that are our own mistake. 401: the webhook that brings a
  // new key, or switches us off, may be on its way.
  get passes() {
    const again = [undefined, OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY];
    return again.includes(this.status) || this.status >= SERVER_ERROR;
  }

  // How long to wait, after so many failures before this one; clients shall not come together.
  pauseMs(failures) {
    if (this.retryAfterMs !== undefined) return this.retryAfterMs + between(0, 200);
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * between(0.8, 1.2);
  }
}

// Makes one request, such as `customers/getAll`; throws ApiError unless it gave an object.
async function call(operation, accessToken, body) {
  let response;
  let text;
  try {
    response = await fetch(PREFIX + operation, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        ClientToken: MEWS_CLIENT_TOKEN,
        AccessToken: accessToken,
        Client: CLIENT,
        ...body,
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    throw new ApiError(); // no connection, broken off, or too late
  }
  if (response.status !== OK) {
    throw new ApiError(response.status, response.headers.get("Retry-After"));
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new ApiError(OK); // a page of some proxy's
  }
}

// Gives every entity of an answer, page after page; `ask` takes an operation and the filters.
async function* pages(ask, operation, collection, filters) {
  const limitation = { Count: MOST };
  for (;;) {
    const answer = await ask(operation, { ...filters, Limitation: limitation });
    const found = answer[collection];
    if (!Array.isArray(found)) throw new ApiError(OK); // not to be taken for an empty one
    yield* found;
    if (found.length < MOST || !answer.Cursor) return;
    limitation.Cursor = answer.Cursor;
  }
}

// Reads a Retry-After: a number of seconds, or a date.
function milliseconds(retryAfter) {
  if (!retryAfter) return undefined;
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  const until = Date.parse(retryAfter);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}

module.exports = { ApiError, MOST, TOO_MANY, call, pages };
