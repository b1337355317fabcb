// A client of the Mews Connector API: requests, pagination, and retries.
//
// Mews documents (https://docs.mews.com/connector-api/guidelines/requests): 200 requests per access
// token within 30 seconds; after a 429 wait as `Retry-After` says; without it, back off
// exponentially.
"use strict";

const { MEWS_API_URL = "https://api.mews.com", MEWS_CLIENT_TOKEN } = process.env;
if (!MEWS_CLIENT_TOKEN) throw new Error("Set MEWS_CLIENT_TOKEN to the token that Mews gave you");

const PREFIX = `${MEWS_API_URL.replace(/\/+$/, "")}/api/connector/v1/`;
// Your application's name and version; Mews identifies calls by it.
const CLIENT = "Express Partner 1.0";
const TIMEOUT_MS = 30_000; // far longer than a busy Mews takes
const PAGE_SIZE = 1000; // the maximum number of ids in a request, and of entities on a page
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;
const OK = 200;
const UNAUTHORISED = 401;
const REQUEST_TIMEOUT = 408;
const CONTENT_TOO_LARGE = 413;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

const randomBetween = (low, high) => low + Math.random() * (high - low);

class ApiError extends Error {
  // `status` is 200 for an unreadable response, and undefined if no response arrived.
  constructor(status, retryAfter) {
    super(`status ${status}`);
    this.status = status;
    this.retryAfterMs = parseRetryAfter(retryAfter);
  }

  // Whether the same request can succeed later: every failure except our own errors. 401: the
  // webhook with a new key, or the one that disables us, may be on its way.
  get isRetryable() {
    const retryable = [undefined, OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS];
    return retryable.includes(this.status) || this.status >= SERVER_ERROR;
  }

  // Whether a smaller request can succeed: this one took too long, or was too large.
  get asksForLess() {
    return this.status === REQUEST_TIMEOUT || this.status === CONTENT_TOO_LARGE;
  }

  // Returns the time to wait before a retry, after a number of earlier failures. It is random, so
  // that retries don't coincide.
  pauseMs(failures) {
    if (this.retryAfterMs !== undefined) return this.retryAfterMs + randomBetween(0, 200);
    return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * randomBetween(0.8, 1.2);
  }
}

// Calls an operation, such as `customers/getAll`, and returns its JSON object; throws ApiError if
// the request fails.
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
    throw new ApiError(); // no connection, a broken one, or a timeout
  }
  if (response.status !== OK) {
    throw new ApiError(response.status, response.headers.get("Retry-After"));
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new ApiError(OK); // for example an error page of a proxy
  }
}

// Yields the entities on all pages of an operation; `call` takes the operation and the filters.
async function* pages(call, operation, collection, filters) {
  const limitation = { Count: PAGE_SIZE };
  for (;;) {
    const page = await call(operation, { ...filters, Limitation: limitation });
    const entities = page[collection];
    if (!Array.isArray(entities)) throw new ApiError(OK); // a missing list is not an empty one
    yield* entities;
    if (entities.length < PAGE_SIZE || !page.Cursor) return;
    limitation.Cursor = page.Cursor;
  }
}

// Returns the time to wait; Retry-After is a number of seconds or a date.
function parseRetryAfter(value) {
  if (!value) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

module.exports = { ApiError, PAGE_SIZE, TOO_MANY_REQUESTS, call, pages };
