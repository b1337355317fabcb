// As in the tutorial: express.json() with its limit of 100 kB and its lenient decoding.
"use strict";

const express = require("express");

const app = express();
app.use(express.json());
app.post("/webhooks/mews", ({ body, query }, response) => {
  if (query.Token !== process.env.MEWS_TOKEN) response.status(401).end();
  else response.status(body?.Events || body?.Action ? 202 : 400).end();
});
app.listen(Number(process.env.PORT), "127.0.0.1");
