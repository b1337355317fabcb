"use strict";
// A WebSocket client for Mews to start from: it stays connected, reads on, and catches up.

const { readFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const WebSocket = require("ws");

const CLIENT = "My Integration/1.0"; // the name by which Mews finds your calls, and its version
const API = process.env.MEWS_API_URL ?? "https://api.mews.com";
const WEBSOCKET = process.env.MEWS_WEBSOCKET_URL; // without the path; Mews tells you the address
const CLIENT_TOKEN = process.env.MEWS_CLIENT_TOKEN;
const PING_MS = 1000 * Number(process.env.MEWS_PING_S ?? 20); // so a dead connection is noticed
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const ACTIVE = new Set(["Pending", "Received", "Processing"]);

// Wait longer each time, and never exactly as long as others do.
function pauseMs(failures) {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 30));
  return whole * (0.75 + Math.random() / 2);
}

// Carries out the commands of one enterprise, one after the other.
class Commands {
  constructor(tenant) {
    this.tenant = tenant;
    this.done = new Set();
    this.last = Promise.resolve();
  }

  // Note what an event told of; no ids ask for all that is active.
  note(ids) {
    this.last = this.last.then(() => this.work(ids)).catch((error) => console.error(error.message));
  }

  async work(ids) {
    const { Commands: found = [] } = ids
      ? await this.ask("commands/getAllByIds", { CommandIds: ids, Limitation: { Count: 1000 } })
      : await this.ask("commands/getAllActive", {});
    for (const command of found) {
      if (ACTIVE.has(command.State) && !this.done.has(command.Id)) await this.carryOut(command);
    }
  }

  // Here your printer prints, or your encoder cuts a key.
  async carryOut(command) {
    await this.ask("commands/update", { CommandId: command.Id, State: "Processed" });
    this.done.add(command.Id);
  }

  // Make a request until it is answered; what is our own mistake is given up.
  async ask(operation, body) {
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
        if (![408, 429].includes(response.status) && response.status < 500) return {};
        waitMs = Math.max(waitMs, 1000 * (Number(response.headers.get("Retry-After")) || 0));
      } catch (error) {
        console.error(`${operation} failed: ${error.name}`);
      }
      await sleep(waitMs);
    }
    return {};
  }
}

// Give the events that can be used; an odd message must not end the connection.
function eventsOf(message) {
  let document;
  try {
    document = JSON.parse(message.toString());
  } catch {
    document = null;
  }
  if (!Array.isArray(document?.Events)) {
    console.error(`a message of ${message.length} bytes can't be read`);
    return [];
  }
  return document.Events.filter((event) => typeof event?.Id === "string");
}

// Note what is to be done, and do nothing that waits: the next message may be here already.
function handle(events, commands) {
  const pending = events.filter((event) => event.Type === "DeviceCommand" && event.State === "Pending");
  if (pending.length) commands.note([...new Set(pending.map((event) => event.Id))]);
  for (const event of events) {
    if (["Reservation", "Resource", "PriceUpdate"].includes(event.Type)) keep(event);
  }
}

// Store what changed: Id and State are in it; of a PriceUpdate all but Id may be missing or null.
function keep(_event) {}

// One connection; resolves when it is over, to whether it was ever open.
function connect(tenant, commands) {
  return new Promise((resolve) => {
    const cookies = `ClientToken=${CLIENT_TOKEN}; AccessToken=${tenant.access_token}`; // no blanks at =
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
      commands.note(null); // what came while nobody was connected
    });
    socket.on("message", (message) => handle(eventsOf(message), commands));
    socket.on("pong", () => (alive = true));
    socket.on("error", (error) => console.error(`the connection failed: ${error.message}`));
    socket.on("close", () => {
      clearInterval(heartbeat);
      resolve(opened);
    });
  });
}

// Connect, read, and connect again, for ever.
async function stayConnected(tenant) {
  const commands = new Commands(tenant);
  for (let failures = 0; ; failures++) {
    if (await connect(tenant, commands)) failures = 0;
    await sleep(pauseMs(failures));
  }
}

if (require.main === module) {
  const { enterprise } = JSON.parse(readFileSync(process.env.MEWS_TENANTS, "utf8"));
  for (const tenant of enterprise) stayConnected(tenant);
}

module.exports = { eventsOf, handle, pauseMs };
