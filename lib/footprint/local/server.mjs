// Serves Supabase Lite over one database of the embedded PostgreSQL, on 127.0.0.1 only.
//
// Driven over stdin and stdout, so that no key is ever on a command line or in the environment:
//   in   one line of JSON: the configuration (see lite.py)
//   out  {"event": "prepared"}                  the auth schema and the API roles exist
//   in   "listen"                               the schema is migrated: read it and serve it
//   out  {"event": "listening", "port": n}
//   in   "detach"                               outlive the caller
// Without "detach", the end of stdin is the end of the server: a caller that dies leaves nothing.

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { format } from "node:util";

import { serve } from "@hono/node-server";
import {
  App,
  SUPABASE_AUTH_HELPERS_SQL,
  SmtpEmailDriver,
  getAuthSchemaSql,
  getStorageSchemaSql,
  setExperimental,
} from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

const LISTEN_ADDRESS = "127.0.0.1";

// Supabase Lite writes to the console; stdout is ours, and a log must hold no key and no token.
const SECRETS = /\b(sb_secret_|sb_publishable_|eyJ)[\w.-]+/g;
const log = (...values) => {
  const plain = values.map((v) => (v instanceof Error ? `${v.name}: ${v.message}` : v));
  process.stderr.write(`${new Date().toISOString()} ${format(...plain).replace(SECRETS, "$1…")}\n`);
};
for (const level of ["log", "info", "debug", "warn", "error"]) console[level] = log;

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
process.stdout.on("error", () => {}); // the caller reads no further once it has detached
process.stderr.on("error", () => {}); // a full disk must not end the server

const ROLES_SQL = `
  do $$ begin
    if not exists (select from pg_roles where rolname = 'anon') then
      create role anon nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
      create role authenticated nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'service_role') then
      create role service_role nologin noinherit bypassrls;
    end if;
  end $$;
  grant usage on schema public, auth to anon, authenticated, service_role;`;

// As Supabase grants them: what may be done is for the policies to say.
const STORAGE_GRANTS_SQL = `
  grant usage on schema storage to anon, authenticated, service_role;
  grant all on storage.buckets, storage.objects to anon, authenticated, service_role;`;

/** PostgreSQL's "2026-11-21 02:01:00.5+00" as ISO 8601 "2026-11-21T02:01:00.5+00:00". */
const isoTimestamp = (text) =>
  text.replace(" ", "T").replace(/([+-]\d{2})(:?\d{2})?$/, (_, h, m) => `${h}:${(m ?? "00").replace(":", "")}`);

/** JSON with numbers as they were written, as PostgREST hands them on: JavaScript's own lose digits of long ones. */
const LONG_NUMBER = /[ []-?\d[\d.]{16}/; // few texts have one, and telling each value takes time
const everyDigit = (_key, value, { source }) =>
  typeof value === "number" && source.length > 16 ? JSON.rawJSON(source) : value;
const parseExactly = (text) => JSON.parse(text, LONG_NUMBER.test(text) ? everyDigit : undefined);

function connect(config) {
  const connection = createPostgresConnection({
    postgresOptions: {
      host: config.socket_dir,
      port: 5432,
      database: config.database,
      username: "postgres",
      onnotice: () => {},
      types: {
        // supabase-py refuses the driver's own form of a timestamp.
        timestamptz: { to: 1184, from: [1184], serialize: (x) => x, parse: isoTimestamp },
        // Supabase Lite hands over JSON text; encoding it again would make it a JSON string.
        jsonb: {
          to: 3802,
          from: [3802],
          serialize: (x) => (typeof x === "string" ? x : JSON.stringify(x)),
          parse: parseExactly,
        },
      },
    },
  });
  // Left alone, Supabase Lite looks for row level security at its first request, and then grants
  // every table of every schema that has it to anon and authenticated. Ours are granted by sql/.
  connection.rlsState = "active";
  return connection;
}

/** What Supabase Auth would e-mail goes to a private file, one JSON object a line. */
const outbox = (path) => ({
  send: async ({ to, subject, text, html }) =>
    appendFile(path, `${JSON.stringify({ at: new Date().toISOString(), to, subject, text, html })}\n`, {
      mode: 0o600,
    }),
});

/** Supabase Storage's files: the content and what it is, under names that no path can be made of. */
function fileStore(folder) {
  // Supabase Lite uploads without a version and asks with one: it is no part of the name.
  const place = (bucket, key) =>
    `${folder}/${createHash("sha256").update(JSON.stringify([bucket, key])).digest("hex")}`;
  const headObject = async (bucket, key) => {
    const about = JSON.parse(await readFile(`${place(bucket, key)}.json`, "utf8"));
    return { ...about, lastModified: new Date(about.lastModified) };
  };
  const deleteObject = async (bucket, key) => {
    for (const end of ["", ".json"]) await rm(place(bucket, key) + end, { force: true });
  };
  return {
    driver: null,
    headObject,
    deleteObject,
    uploadObject: async (bucket, key, version, body, mimetype, cacheControl) => {
      const content = Buffer.from(await new Response(body).arrayBuffer());
      const eTag = `"${createHash("sha256").update(content).digest("hex")}"`;
      const size = content.length;
      const about = { cacheControl, contentLength: size, size, mimetype, eTag, lastModified: new Date() };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(place(bucket, key), content, { mode: 0o600 });
      await writeFile(`${place(bucket, key)}.json`, JSON.stringify(about), { mode: 0o600 });
      return { ...about, httpStatusCode: 200 };
    },
    getObject: async (bucket, key) => ({
      metadata: await headObject(bucket, key),
      httpStatusCode: 200,
      body: await readFile(place(bucket, key)),
    }),
  };
}

/** A mail catcher on this machine, or a private file. */
function createMailer(config) {
  if (!config.smtp) return outbox(config.outbox);
  const [host, port] = config.smtp.split(":");
  return new SmtpEmailDriver({ from: "Footprint <footprint@localhost>", host, port: Number(port), timeoutMs: 5_000 });
}

/** E-mails whose links lead to the app's own page, as docs/security.md has hosted Supabase send them. */
const mailTemplates = (folder) =>
  Object.fromEntries(
    Object.entries({
      confirmation: "Confirm your e-mail address for Footprint",
      magic_link: "Your sign-in to Footprint",
      recovery: "Set a new password for Footprint",
    }).map(([name, subject]) => [name, { subject, content_path: `${folder}/${name}.html` }]),
  );

function createApp(config, connection, auth) {
  const app = new App({
    connection,
    api: { external_url: `http://${LISTEN_ADDRESS}:${config.port}` },
    auth: {
      jwt_secret: config.jwt_secret,
      jwt_expiry: 3600,
      publishable_key: config.publishable_key,
      secret_key: config.secret_key,
      site_url: config.site_url,
      additional_redirect_urls: [`${config.site_url}/**`],
      external: Object.fromEntries(
        Object.entries(config.providers).map(([name, given]) => [name, { enabled: true, ...given }]),
      ),
      ...auth,
      email: { template: mailTemplates(config.mail_templates), ...auth.email },
    },
    options: { drivers: { email: createMailer(config) } },
  });
  if (config.storage) app._storageAdapter = fileStore(config.storage);
  return app;
}

/** `POST /auth/v1/admin/users`, which Supabase Lite lacks: makes an account whose e-mail is confirmed. */
async function createUser(request, app, secretKey) {
  if (request.headers.get("apikey") !== secretKey) {
    return Response.json({ code: 401, error_code: "not_admin", msg: "The secret key is needed." }, { status: 401 });
  }
  const { email, password, user_metadata: data } = await request.json();
  const answer = await signUp(request, app, { email, password, data });
  const body = await answer.json();
  return Response.json(answer.ok ? body.user : body, { status: answer.status });
}

const signUp = (request, app, account) =>
  app.fetch(
    new Request(new URL("/auth/v1/signup", request.url), {
      method: "POST",
      headers: { apikey: request.headers.get("apikey"), "content-type": "application/json" },
      body: JSON.stringify(account),
    }),
    { peerAddress: null },
  );

/**
 * `POST /auth/v1/otp` for an address without an account, as Supabase Auth answers it: the new account
 * waits for its confirmation. Supabase Lite would take the address for confirmed at once, and would
 * make the account also where nobody may make one. Null where there is an account, or none is wanted.
 */
async function makeUnconfirmed(request, app, connection) {
  const { email, data, create_user: wanted } = await request.clone().json().catch(() => ({}));
  if (typeof email !== "string" || wanted === false) return null;
  const [known] = await connection.driver`select 1 from auth.users where lower(email) = ${email.toLowerCase()}`;
  if (known) return null;
  const answer = await signUp(request, app, { email, data, password: randomBytes(24).toString("base64url") });
  return answer.ok ? Response.json({}) : answer;
}

function createHandler(config, connection) {
  const app = createApp(config, connection, {
    enable_signup: config.allow_sign_up,
    email: { enable_confirmations: config.confirm_email },
  });
  const adminApp = createApp(config, connection, { enable_signup: true });
  const services = config.storage ? /^\/(rest|auth|storage)\/v1\// : /^\/(rest|auth)\/v1\//;
  const waits = config.confirm_email || !config.allow_sign_up;
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return Response.json({ listening: true });
    if (pathname === "/auth/v1/admin/users" && request.method === "POST") {
      return createUser(request, adminApp, config.secret_key);
    }
    if (pathname === "/auth/v1/otp" && request.method === "POST" && waits) {
      const answer = await makeUnconfirmed(request, app, connection);
      if (answer) return answer;
    }
    if (!services.test(pathname)) return new Response("Not found", { status: 404 });
    // No peer address: Supabase Lite's admin mode can then never elevate a request without a key.
    return app.fetch(request, { peerAddress: null });
  };
}

const listen = (config, connection) =>
  new Promise((resolve, reject) => {
    let handle;
    const fetch = (request) => handle(request);
    const server = serve({ fetch, port: config.port, hostname: LISTEN_ADDRESS }, ({ port }) => {
      handle = createHandler({ ...config, port }, connection); // a sign-in provider is told our address
      resolve({ server, port });
    });
    server.on("error", reject);
  });

const DATA_DIR = process.argv[2];
const DATA_CHECK_MS = 2_000;

/** A data folder that is deleted, or made anew, under us takes us with it, as it does PostgreSQL. */
function isWanted() {
  try {
    return JSON.parse(readFileSync(`${DATA_DIR}/stack.json`)).lite_pid === process.pid;
  } catch {
    return false;
  }
}

let detached = false;
let running = null;
let connection = null;

async function stop(code) {
  running?.server.close();
  running?.server.closeAllConnections();
  await connection?.driver.end({ timeout: 2 });
  process.exit(code);
}

async function obey(line) {
  if (connection === null) {
    obey.config = JSON.parse(line);
    connection = connect(obey.config);
    await connection.driver.unsafe(`${SUPABASE_AUTH_HELPERS_SQL}\n${getAuthSchemaSql()}\n${ROLES_SQL}`);
    if (obey.config.storage) {
      setExperimental("storage", true);
      await connection.driver.unsafe(`${getStorageSchemaSql()}\n${STORAGE_GRANTS_SQL}`);
    }
    say({ event: "prepared" });
  } else if (line === "listen") {
    await connection.introspect({ useCache: true });
    running = await listen(obey.config, connection);
    say({ event: "listening", port: running.port });
  } else if (line === "detach") {
    detached = true;
    setInterval(() => isWanted() || stop(0), DATA_CHECK_MS);
  }
}

process.on("SIGTERM", () => stop(0));
process.on("SIGINT", () => stop(0));

try {
  for await (const line of createInterface({ input: process.stdin })) await obey(line);
  if (!detached) await stop(0);
} catch (error) {
  log(error);
  say({ event: "failed", code: error.code ?? null, message: error.message });
  await stop(1);
}
