"use strict";
// An example WebSocket client for Mews: it stays connected, handles events, and catches up.

const { readFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const WebSocket = require("ws");

// Your application's name and version; Mews identifies calls by it.
const CLIENT = "My Integration/1.0";
const API = process.env.MEWS_API_URL ?? "https://api.mews.com";
const WEBSOCKET = process.env.MEWS_WEBSOCKET_URL; // without the path; Mews gives you the address
const CLIENT_TOKEN = process.env.MEWS_CLIENT_TOKEN;
const PING_MS = 1000 * Number(process.env.MEWS_PING_S ?? 20); // to detect a dead connection
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const ACTIVE = new Set(["Pending", "Received", "Processing"]);

// Returns the time to wait: longer after each failure, and random.
function pauseMs(failures) {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 30));
  return pause * (0.75 + Math.random() / 2);
}

// Executes the commands of one enterprise, one after another.
class CommandWorker {
  constructor(tenant) {
    this.tenant = tenant;
    this.done = new Set();
    this.last = Promise.resolve();
  }

  // Queues the commands with these ids; null means all active commands.
  add(ids) {
    this.last = this.last.then(() => this.process(ids)).catch((error) => console.error(error.message));
  }

  async process(ids) {
    const { Commands: commands = [] } = ids
      ? await this.call("commands/getAllByIds", { CommandIds: ids, Limitation: { Count: 1000 } })
      : await this.call("commands/getAllActive", {});
    for (const command of commands) {
      if (ACTIVE.has(command.State) && !this.done.has(command.Id)) await this.execute(command);
    }
  }

  // This is where your printer prints, or your encoder cuts a key.
  async execute(command) {
    await this.call("commands/update", { CommandId: command.Id, State: "Processed" });
    this.done.add(command.Id);
  }

  // Calls an operation until it succeeds; gives up on our own errors.
  async call(operation, body) {
    const tokens = { ClientToken: CLIENT_TOKEN, AccessToken: this.tenant.access_token };
    for (let failures = 0; failures < 100; failures++) {
      let waitMs = pauseMs(failures);
      try {
        const response = await fetch(`${API}/api/connector/v1/${operation}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ ...tokens, Client: CLIENT, ...body }),
          signal: AbortSignal.timeout(30_000),
        });
        if (response.ok) return await response.json();
        console.error(`${operation} was answered with ${response.status}`);
        if (![408, 409, 429].includes(response.status) && response.status < 500) return {};
        waitMs = Math.max(waitMs, 1000 * (Number(response.headers.get("Retry-After")) || 0));
      } catch (error) {
        console.error(`${operation} failed: ${error.name}`);
      }
      await sleep(waitMs);
    }
    return {};
  }
}

// Returns the events with an Id; an unreadable message must not end the connection.
function eventsOf(message) {
  let document;
  try {
    document = JSON.parse(message.toString());
  } catch {
    document = null;
  }
  if (!Array.isArray(document?.Events)) {
    console.error(`Can't read a message of ${message.length} bytes`);
    return [];
  }
  return document.Events.filter((event) => typeof event?.Id === "string");
}

// Queues the work that events cause; must not wait, so that the next message is read at once.
function handle(events, worker) {
  const pending = events.filter((event) => event.Type === "DeviceCommand" && event.State === "Pending");
  if (pending.length) worker.add([...new Set(pending.map((event) => event.Id))]);
  for (const event of events) {
    if (["Reservation", "Resource", "PriceUpdate"].includes(event.Type)) store(event);
  }
}

// Stores a change. The event has Id and State; in a PriceUpdate all but Id may be missing or null.
// This is where your own work begins.
function store(_event) {}

// Connects once; resolves when the connection has ended, to whether it was ever open.
function connect(tenant, worker) {
  return new Promise((resolve) => {
    const cookies = `ClientToken=${CLIENT_TOKEN}; AccessToken=${tenant.access_token}`; // no spaces around =
    const socket = new WebSocket(`${WEBSOCKET}/ws/connector`, {
      headers: { Cookie: cookies },
      handshakeTimeout: 10_000,
    });
    let opened = false;
    let alive = true;
    const heartbeat = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    }, PING_MS);
    socket.on("open", () => {
      opened = true;
      worker.add(null); // commands that arrived while the client was disconnected
    });
    socket.on("message", (message) => handle(eventsOf(message), worker));
    socket.on("pong", () => (alive = true));
    socket.on("error", (error) => console.error(`The connection failed: ${error.message}`));
    socket.on("close", () => {
      clearInterval(heartbeat);
      resolve(opened);
    });
  });
}

// Connects, and reconnects whenever the connection ends.
async function stayConnected(tenant) {
  const worker = new CommandWorker(tenant);
  for (let failures = 0; ; failures++) {
    if (await connect(tenant, worker)) failures = 0;
    await sleep(pauseMs(failures));
  }
}

if (require.main === module) {
  const file = process.env.MEWS_TENANTS_JSON ?? process.env.MEWS_TENANTS;
  const { enterprise } = JSON.parse(readFileSync(file, "utf8"));
  for (const tenant of enterprise) stayConnected(tenant);
}

module.exports = { eventsOf, handle, pauseMs };
