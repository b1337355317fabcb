// Fetches changed entities: many ids in one request, with retries until it succeeds.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const { ApiError, PAGE_SIZE, TOO_MANY_REQUESTS, call, pages } = require("./api_client");

// By kind of entity: operation, collection, property with the ids, other required parameters.
const OPERATIONS = new Map([
  ["reservations", ["reservations/getAll/2023-06-06", "Reservations", "ReservationIds", {}]],
  ["resources", ["resources/getAll", "Resources", "ResourceIds", { Extent: { Resources: true } }]],
  [
    "resourceBlocks",
    [
      "resourceBlocks/getAll",
      "ResourceBlocks",
      "ResourceBlockIds",
      { ActivityStates: ["Active", "Deleted"] }, // a deletion is an update; the default is Active
    ],
  ],
  [
    "customers",
    [
      "customers/getAll",
      "Customers",
      "CustomerIds",
      { Extent: { Customers: true, Addresses: true } },
    ],
  ],
  ["payments", ["payments/getAll", "Payments", "PaymentIds", {}]],
]);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const BATCH_WINDOW_MS = 200; // how long ids are collected, so that one request fetches many
const WEBHOOK_DELAY_MS = 15 * MINUTE_MS; // after a guest's message; Mews says 2 to 5 minutes
const CLOCK_SKEW_MS = MINUTE_MS; // between Mews's clock and ours
const THREAD_INTERVAL_MS = 80 * DAY_MS; // an interval of threads can be up to 3 months long
const MESSAGE_INTERVAL_MS = 30 * DAY_MS; // an interval of messages can be up to 1 month long

// Fetches changed entities. `accessToken` returns the current access token of an enterprise, if it
// has one; `store` takes each entity: enterprise id, kind, and the entity itself.
class Fetcher {
  #changed = new Map(); // enterprise id -> kind -> ids that no request has been made for yet
  #collecting = new Set();
  #pausedUntil = new Map(); // by enterprise, after a 429
  #startedAt = Date.now();
  #messagesReadUntil = new Map(); // by enterprise

  constructor(accessToken, store) {
    this.accessToken = accessToken;
    this.store = store;
  }

  // Adds changed ids. An id that is added twice before its fetch is fetched once.
  add(enterpriseId, kind, ids) {
    const changed = this.#idsOf(enterpriseId, kind);
    for (const id of ids) changed.add(id);
    const key = `${enterpriseId}/${kind}`;
    if (this.#collecting.has(key)) return;
    this.#collecting.add(key);
    setTimeout(() => {
      this.#collecting.delete(key);
      this.#fetchChanged(enterpriseId, kind);
    }, BATCH_WINDOW_MS);
  }

  // Fetches the changes that have been waiting for an access token, where there is one now.
  resume() {
    for (const [enterpriseId, kinds] of this.#changed) {
      if (!this.accessToken(enterpriseId)) continue;
      for (const kind of kinds.keys()) this.add(enterpriseId, kind, []);
    }
  }

  #idsOf(enterpriseId, kind) {
    if (!this.#changed.has(enterpriseId)) this.#changed.set(enterpriseId, new Map());
    const kinds = this.#changed.get(enterpriseId);
    if (!kinds.has(kind)) kinds.set(kind, new Set());
    return kinds.get(kind);
  }

  #fetchChanged(enterpriseId, kind) {
    if (!this.accessToken(enterpriseId)) return; // the ids wait for `resume`
    // Take the ids out before the request: an event during the request adds them again.
    const ids = this.#idsOf(enterpriseId, kind);
    this.#changed.get(enterpriseId).delete(kind);
    for (const chunk of chunks(ids)) this.#start(enterpriseId, kind, chunk);
  }

  #start(enterpriseId, kind, ids) {
    this.#fetch(enterpriseId, kind, ids).catch((error) => {
      console.error("A fetch crashed", error);
    });
  }

  // Fetches entities; retries until the request succeeds or can't succeed.
  async #fetch(enterpriseId, kind, ids) {
    for (let failures = 0; this.accessToken(enterpriseId); failures++) {
      await sleep(Math.max(0, (this.#pausedUntil.get(enterpriseId) ?? 0) - Date.now()));
      try {
        for await (const entity of this.#read(enterpriseId, kind, ids)) {
          this.store(enterpriseId, kind, entity);
        }
        return;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.asksForLess && ids.length > 1) {
          const middle = Math.floor(ids.length / 2);
          this.#start(enterpriseId, kind, ids.slice(middle));
          ids = ids.slice(0, middle);
        } else if (!error.isRetryable) {
          console.error(`Can't fetch ${kind} of ${enterpriseId}: ${error.message}`);
          return;
        }
        const pauseMs = error.pauseMs(failures);
        const pause = `${Math.ceil(pauseMs)} ms`;
        console.warn(`${kind} of ${enterpriseId}: ${error.message}, retrying in ${pause}`);
        if (error.status === TOO_MANY_REQUESTS) {
          // All requests of an enterprise share a limit.
          const pausedUntil = this.#pausedUntil.get(enterpriseId) ?? 0;
          this.#pausedUntil.set(enterpriseId, Math.max(Date.now() + pauseMs, pausedUntil));
        }
        await sleep(pauseMs);
      }
    }
    for (const id of ids) this.#idsOf(enterpriseId, kind).add(id); // disabled: wait for `resume`
  }

  #read(enterpriseId, kind, ids) {
    const callWithToken = async (operation, body) => {
      // Get the token for each request: a key may be replaced between two pages.
      const token = this.accessToken(enterpriseId);
      if (!token) throw new ApiError();
      return call(operation, token, body);
    };
    if (kind === "messages") return this.#readMessages(callWithToken, enterpriseId);
    if (kind === "products") return this.#readProducts(callWithToken, ids);
    const [operation, collection, idFilter, parameters] = OPERATIONS.get(kind);
    return pages(callWithToken, operation, collection, { [idFilter]: ids, ...parameters });
  }

  // Yields products: the request must name services, and a product event names none.
  async *#readProducts(callWithToken, ids) {
    const serviceIds = new Set();
    const services = pages(callWithToken, "services/getAll", "Services", {});
    for await (const service of services) serviceIds.add(service.Id);
    for (const chunk of chunks(serviceIds)) {
      const filters = { ServiceIds: chunk, ProductIds: ids };
      yield* pages(callWithToken, "products/getAll", "Products", filters);
    }
  }

  // Yields the messages since the last read: no operation takes the id of a message.
  async *#readMessages(callWithToken, enterpriseId) {
    const now = Date.now();
    const recent = { CreatedUtc: timeInterval(now - THREAD_INTERVAL_MS, now + CLOCK_SKEW_MS) };
    const threadIds = new Set();
    const threads = pages(callWithToken, "messageThreads/getAll", "MessageThreads", recent);
    for await (const thread of threads) threadIds.add(thread.Id);
    const firstStart = this.#startedAt - WEBHOOK_DELAY_MS;
    const readUntil = this.#messagesReadUntil.get(enterpriseId) ?? firstStart;
    const start = Math.max(readUntil - CLOCK_SKEW_MS, now - MESSAGE_INTERVAL_MS);
    const added = { CreatedUtc: timeInterval(start, now + CLOCK_SKEW_MS) };
    for (const ids of chunks(threadIds)) {
      const filters = { MessageThreadIds: ids, ...added };
      yield* pages(callWithToken, "messages/getAll", "Messages", filters);
    }
    this.#messagesReadUntil.set(enterpriseId, now);
  }
}

// Divides ids into lists that fit into one request.
function* chunks(ids) {
  const list = [...ids];
  for (let start = 0; start < list.length; start += PAGE_SIZE) {
    yield list.slice(start, start + PAGE_SIZE);
  }
}

function timeInterval(start, end) {
  return { StartUtc: new Date(start).toISOString(), EndUtc: new Date(end).toISOString() };
}

module.exports = { Fetcher };
