// What was said to have changed is fetched: many ids in one request, until it has worked.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const { ApiError, MOST, TOO_MANY, call, pages } = require("./connector");

// By kind of entity: the operation, its collection, the property that names ids, what else it needs.
const READINGS = new Map([
  ["reservations", ["reservations/getAll/2023-06-06", "Reservations", "ReservationIds", {}]],
  ["resources", ["resources/getAll", "Resources", "ResourceIds", { Extent: { Resources: true } }]],
  ["resourceBlocks", ["resourceBlocks/getAll", "ResourceBlocks", "ResourceBlockIds", {}]],
  [
    "customers",
    ["customers/getAll", "Customers", "CustomerIds", { Extent: { Customers: true, Addresses: true } }],
  ],
  ["payments", ["payments/getAll", "Payments", "PaymentIds", {}]],
]);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const GATHER_MS = 200; // so long ids are collected, so that one request is about many
const LAG_MS = 15 * MINUTE_MS; // from a guest's message to its webhook; Mews says 2 to 5 minutes
const SKEW_MS = MINUTE_MS; // between Mews's clock and ours
const THREADS_MS = 80 * DAY_MS; // an interval of threads is at most 3 months long
const MONTH_MS = 30 * DAY_MS; // one of messages at most 1 month

// `credential` gives an enterprise's access token of this moment, or nothing; `keep` takes each
// entity: enterprise id, kind, and the entity itself.
class Fetcher {
  #changed = new Map(); // enterprise id -> kind -> ids that no request has been made for yet
  #gathering = new Set();
  #resume = new Map(); // until when Mews wants to hear nothing, by enterprise
  #started = Date.now();
  #messagesUntil = new Map(); // up to when they were read, by enterprise

  constructor(credential, keep) {
    this.credential = credential;
    this.keep = keep;
  }

  // Notes what changed. An id that is told twice until it is fetched is fetched once.
  note(owner, kind, ids) {
    const changed = this.#of(owner, kind);
    for (const id of ids) changed.add(id);
    const lane = `${owner}/${kind}`;
    if (this.#gathering.has(lane)) return;
    this.#gathering.add(lane);
    setTimeout(() => {
      this.#gathering.delete(lane);
      this.#take(owner, kind);
    }, GATHER_MS);
  }

  // Fetches what has waited for an access token.
  wake(owner) {
    for (const kind of this.#changed.get(owner)?.keys() ?? []) this.note(owner, kind, []);
  }

  #of(owner, kind) {
    if (!this.#changed.has(owner)) this.#changed.set(owner, new Map());
    const kinds = this.#changed.get(owner);
    if (!kinds.has(kind)) kinds.set(kind, new Set());
    return kinds.get(kind);
  }

  #take(owner, kind) {
    if (!this.credential(owner)) return; // it stays where it is until `wake`
    // Gone before the request is made: a change that is told meanwhile is new again.
    const ids = this.#of(owner, kind);
    this.#changed.get(owner).delete(kind);
    for (const portion of portions(ids)) {
      this.#fetch(owner, kind, portion).catch((error) => console.error("A fetch broke", error));
    }
  }

  // Fetches some ids, trying again until it has worked or can't work.
  async #fetch(owner, kind, ids) {
    for (let failures = 0; this.credential(owner); failures++) {
      await sleep(Math.max(0, (this.#resume.get(owner) ?? 0) - Date.now()));
      try {
        for await (const entity of this.#read(owner, kind, ids)) this.keep(owner, kind, entity);
        return;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.passes) {
          console.error(`${kind} of ${owner} can't be fetched: ${error.message}`);
          return;
        }
        const pause = error.pauseMs(failures);
        console.warn(`${kind} of ${owner}: ${error.message}, again in ${Math.ceil(pause)} ms`);
        if (error.status === TOO_MANY) {
          // The limit is one for all requests of an enterprise.
          this.#resume.set(owner, Math.max(Date.now() + pause, this.#resume.get(owner) ?? 0));
        }
        await sleep(pause);
      }
    }
    for (const id of ids) this.#of(owner, kind).add(id); // switched off: it waits for `wake`
  }

  #read(owner, kind, ids) {
    const ask = async (operation, body) => {
      const token = this.credential(owner); // anew: a key may be replaced between two pages
      if (!token) throw new ApiError();
      return call(operation, token, body);
    };
    if (kind === "messages") return this.#readMessages(ask, owner);
    const [operation, collection, names, more] = READINGS.get(kind);
    return pages(ask, operation, collection, { [names]: ids, ...more });
  }

  // Reads the messages since the last time: no operation takes the id of a message.
  async *#readMessages(ask, owner) {
    const now = Date.now();
    const lately = { CreatedUtc: within(now - THREADS_MS, now + SKEW_MS) };
    const threads = new Set();
    for await (const thread of pages(ask, "messageThreads/getAll", "MessageThreads", lately)) {
      threads.add(thread.Id);
    }
    const since = (this.#messagesUntil.get(owner) ?? this.#started - LAG_MS) - SKEW_MS;
    const added = { CreatedUtc: within(Math.max(since, now - MONTH_MS), now + SKEW_MS) };
    for (const portion of portions(threads)) {
      yield* pages(ask, "messages/getAll", "Messages", { MessageThreadIds: portion, ...added });
    }
    this.#messagesUntil.set(owner, now);
  }
}

// Divides ids by how many a request may name.
function* portions(ids) {
  const listed = [...ids];
  for (let at = 0; at < listed.length; at += MOST) yield listed.slice(at, at + MOST);
}

function within(start, end) {
  return { StartUtc: new Date(start).toISOString(), EndUtc: new Date(end).toISOString() };
}

module.exports = { Fetcher };
