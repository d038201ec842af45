/** The frame of the REST interface on endpoints of its own: who gets in, what gets in, and what comes out. */
import { Effect, Schema, Stream } from "effect"
import { describe, expect, it, vi } from "vitest"
import { endpoint } from "../../src/rest/Endpoint.ts"
import { scopesOf } from "../../src/rest/Principal.ts"
import { callers, serve } from "./frame.ts"

class Broken extends Schema.TaggedError<Broken>()("Broken", {
  reason: Schema.Struct({ _tag: Schema.Literal("TooSoon") })
}) {
  override get message(): string {
    return "it is too soon"
  }
}

const Box = Schema.Struct({
  size: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })),
  label: Schema.String
})
const Many = Schema.Struct({ items: Schema.Array(Box) })

/** What ran, and how each run ended. */
const world = () => {
  const ran: Array<string> = []
  const ends: Array<string> = []
  const noting = (id: string) => Effect.sync(() => void ran.push(id))
  const list = [
    endpoint({
      id: "open.get",
      method: "GET",
      path: "/open",
      summary: "Open.",
      tag: "boxes",
      access: { kind: "open" },
      answer: Schema.Struct({ who: Schema.String }),
      problems: {},
      run: ({ principal }) => Effect.succeed({ who: principal?.kind ?? "nobody" })
    }),
    endpoint({
      id: "boxes.get",
      method: "GET",
      path: "/boxes/:id",
      summary: "A box.",
      tag: "boxes",
      access: { kind: "scope", scope: "team:read" },
      params: Schema.Struct({ id: Schema.String.check(Schema.isMaxLength(4)) }),
      query: Schema.Struct({ depth: Schema.optionalKey(Schema.FiniteFromString) }),
      answer: Schema.Struct({ id: Schema.String, depth: Schema.NullOr(Schema.Finite) }),
      problems: {},
      run: ({ params: { id }, query: { depth } }) => Effect.as(noting("get"), { id, depth: depth ?? null })
    }),
    endpoint({
      id: "boxes.add",
      method: "POST",
      path: "/boxes",
      summary: "More boxes.",
      tag: "boxes",
      access: { kind: "scope", scope: "team:write" },
      isTeams: true,
      body: Many,
      status: 201,
      answer: Many,
      problems: { TooSoon: 409 },
      run: ({ body }) =>
        Effect.andThen(
          noting("add"),
          body.items.length === 0 ? Effect.fail(new Broken({ reason: { _tag: "TooSoon" } })) : Effect.succeed(body)
        )
    }),
    endpoint({
      id: "boxes.clear",
      method: "DELETE",
      path: "/boxes",
      summary: "No boxes.",
      tag: "boxes",
      access: { kind: "scope", scope: "team:write", isFresh: true },
      answer: "none",
      problems: {},
      run: () => noting("clear")
    }),
    endpoint({
      id: "slow.get",
      method: "GET",
      path: "/slow",
      summary: "Slow.",
      tag: "slow",
      access: { kind: "open" },
      answer: "none",
      problems: {},
      answerMsMax: 100,
      run: () => Effect.onExit(Effect.sleep("5 seconds"), ({ _tag }) => Effect.sync(() => void ends.push(_tag)))
    }),
    endpoint({
      id: "broken.get",
      method: "GET",
      path: "/broken",
      summary: "Broken.",
      tag: "slow",
      access: { kind: "open" },
      answer: "none",
      problems: {},
      run: () => Effect.die(new Error("the inside of it"))
    })
  ]
  return { list, ran, ends }
}

const box = { size: 3, label: "a" }

describe("who gets in", () => {
  it("[HR-2] nobody is told more than that, and no request of theirs is looked at", async () => {
    const { list, ran } = world()
    const { ask } = await serve(list)
    expect((await ask("/api/v1/open")).body).toEqual({ who: "nobody" })
    const answers = [
      await ask("/api/v1/boxes/1"),
      await ask("/api/v1/boxes/far-too-long"),
      await ask("/api/v1/boxes/1", { as: "x" })
    ]
    const words = answers.map(({ body, status }) => ({ ...body, status, instance: "" }))
    expect(words[0]).toMatchObject({ status: 401, code: "SignInNeeded" })
    expect(new Set(words.map((each) => JSON.stringify(each))).size).toBe(1)
    // What cannot be read, is too much, or of another kind.
    for (const [type, body, status] of [
      ["application/json", "no JSON", 400],
      ["application/json", `"${"x".repeat(300_000)}"`, 413],
      ["text/plain", "words", 415]
    ] as const) {
      const sent = { method: "POST", body, headers: { "content-type": type } }
      expect(await ask("/api/v1/boxes", sent)).toMatchObject({ status: 401, body: { code: "SignInNeeded" } })
      const lacking = await ask("/api/v1/boxes", { ...sent, as: "viewer" })
      expect(lacking).toMatchObject({ status: 403, body: { code: "ScopeMissing" } })
      expect((await ask("/api/v1/boxes", { ...sent, as: "door" })).status).toBe(status)
    }
    const refused = await ask("/api/v1/boxes", { as: "viewer", method: "POST", body: { nonsense: 1 } })
    expect(refused).toMatchObject({ status: 403, body: { code: "ScopeMissing" } })
    expect((await ask("/api/v1/boxes/1", { as: "viewer" })).status).toBe(200)
    expect((await ask("/api/v1/boxes", { as: "door", method: "POST", body: { items: [box] } })).status).toBe(201)
    expect(ran).toEqual(["get", "add"])
  })

  it("[HR-7] a token does what it was made for, as far as its account may", async () => {
    const { list } = world()
    const { ask } = await serve(list)
    expect((await ask("/api/v1/boxes/1", { as: "narrow" })).status).toBe(200)
    expect((await ask("/api/v1/boxes", { as: "narrow", method: "DELETE" })).status).toBe(403)
    expect((await ask("/api/v1/boxes", { as: "wide", method: "DELETE" })).status).toBe(403)
    expect([...scopesOf(callers["wide"]!)]).toEqual(["team:read"])
  })

  it("[HR-6] a page of another origin, a form and a tired session change nothing", async () => {
    const { list, ran } = world()
    const { ask, url } = await serve(list)
    const clear = (headers: { readonly [name: string]: string }, as = "owner") =>
      ask("/api/v1/boxes", { as, method: "DELETE", headers })
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: url.replace("http:", "https:") },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" }
    ]) {
      expect(await clear(headers)).toMatchObject({ status: 403, body: { code: "OriginForeign" } })
    }
    const form = { "content-type": "application/x-www-form-urlencoded" }
    expect((await ask("/api/v1/boxes", { as: "owner", method: "POST", body: "a=1", headers: form })).status).toBe(415)
    expect(await clear({}, "tired")).toMatchObject({ status: 401, body: { code: "SignInAgain" } })
    expect(ran).toEqual([])
    expect(await clear({ "sec-fetch-site": "same-origin" })).toMatchObject({ status: 204 })
    expect((await clear({ origin: "https://evil.example" }, "door")).status).toBe(204)
    expect(ran).toEqual(["clear", "clear"])
  })

  it("[HR-8] what needs a team is not there without one", async () => {
    const { list, ran } = world()
    const { ask } = await serve(list, { isTeam: false })
    const answer = await ask("/api/v1/boxes", { as: "door", method: "POST", body: { items: [box] } })
    expect(answer).toMatchObject({ status: 404, body: { code: "TeamMissing" } })
    expect(ran).toEqual([])
  })
})

describe("what gets in", () => {
  it("[HR-3] every fault is told with its place, and nothing runs", async () => {
    const { list, ran } = world()
    const { ask } = await serve(list)
    const wrong = {
      items: [
        { size: 10, label: "a" },
        { size: 1, label: 2, colour: "red" }
      ],
      more: true
    }
    const answer = await ask("/api/v1/boxes", { as: "door", method: "POST", body: wrong })
    expect(answer).toMatchObject({ status: 400, body: { code: "InputInvalid", title: "Bad Request" } })
    const paths = (answer.body["errors"] as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)
    expect(paths.toSorted()).toEqual(["body/items/0/size", "body/items/1/colour", "body/items/1/label", "body/more"])
    const deep = await ask("/api/v1/boxes/12345?depth=x&wide=1", { as: "door" })
    const faults = (deep.body["errors"] as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)
    expect(faults.toSorted()).toEqual(["params/id", "query/depth", "query/wide"])
    const many = { items: Array.from({ length: 100 }, () => ({})) }
    expect((await ask("/api/v1/boxes", { as: "door", method: "POST", body: many })).body["errors"]).toHaveLength(32)
    expect((await ask("/api/v1/open?x=1")).status).toBe(400)
    expect(ran).toEqual([])
    expect((await ask("/api/v1/boxes/1234?depth=2", { as: "door" })).body).toEqual({ id: "1234", depth: 2 })
  })

  it("[HR-10] a body is JSON or nothing", async () => {
    const { list } = world()
    const { ask } = await serve(list)
    const post = (body: string, type: string) =>
      ask("/api/v1/boxes", { as: "door", method: "POST", body, headers: { "content-type": type } })
    expect((await post(JSON.stringify({ items: [box] }), "text/plain")).status).toBe(415)
    expect((await post("<x/>", "application/xml")).status).toBe(415)
    expect((await post("{", "application/json")).status).toBe(400)
    expect((await post(`{"__proto__":{"x":1}}`, "application/json")).status).toBe(400)
    expect(await post("", "application/json")).toMatchObject({ status: 400, body: { code: "InputInvalid" } })
    const clear = await ask("/api/v1/boxes", {
      as: "door",
      method: "DELETE",
      body: "",
      headers: { "content-type": "application/json" }
    })
    expect(clear.status).toBe(204)
  })
})

describe("what comes out", () => {
  it("[HR-13] a file takes its time, breaks off where it cannot go on, and is not made for nobody", async () => {
    const ends: Array<string> = []
    const pieces = (text: Stream.Stream<string>) =>
      endpoint({
        id: "file.get",
        method: "GET",
        path: "/file",
        summary: "A file.",
        tag: "files",
        access: { kind: "open" },
        answer: "file",
        problems: {},
        answerMsMax: 100,
        run: () => Effect.succeed({ mediaType: "text/csv", fileName: "a.csv", text })
      })
    const slowly = (count: number) =>
      Stream.range(1, count).pipe(
        Stream.mapEffect((n) => Effect.delay(Effect.succeed(`${n};`), 60)),
        Stream.ensuring(Effect.sync(() => void ends.push("ended")))
      )
    const whole = await serve([pieces(slowly(8))])
    const file = await fetch(`${whole.url}/api/v1/file`)
    expect(file.headers.get("content-disposition")).toBe('attachment; filename="a.csv"')
    expect(await file.text()).toBe("1;2;3;4;5;6;7;8;")
    const broken = await serve([pieces(Stream.concat(slowly(2), Stream.die("the inside of it")))])
    await expect(fetch(`${broken.url}/api/v1/file`).then((answer) => answer.text())).rejects.toThrow("terminated")
    ends.length = 0
    const endless = await serve([pieces(slowly(1_000_000))])
    const leaving = new AbortController()
    const answer = await fetch(`${endless.url}/api/v1/file`, { signal: leaving.signal })
    expect(answer.status).toBe(200)
    leaving.abort()
    await expect.poll(() => ends, { timeout: 2_000 }).toEqual(["ended"])
  })

  it("[HR-4] an answer comes within its time, and what nobody waits for ends", async () => {
    const { ends, list } = world()
    const { ask } = await serve(list)
    expect((await ask("/api/v1/slow")).status).toBe(503)
    expect(ends).toEqual(["Failure"])
  })

  it("[HR-11] the audit hears of an act also where nobody waited for its end or the hub failed at it", async () => {
    const done: Array<string> = []
    const acting = (id: string, statusOf: 409 | 503, end: Effect.Effect<never, Broken>) =>
      endpoint({
        id,
        method: "POST",
        path: `/acts/${id}`,
        summary: "An act.",
        tag: "acts",
        access: { kind: "scope", scope: "team:write" },
        answer: "none",
        problems: { TooSoon: statusOf },
        audit: () => "acted",
        run: () =>
          Effect.andThen(
            Effect.sync(() => void done.push(id)),
            end
          )
      })
    const failing = Effect.fail(new Broken({ reason: { _tag: "TooSoon" } }))
    const { audited, url } = await serve([
      acting("left", 409, Effect.never),
      acting("failed", 503, failing),
      acting("refused", 409, failing)
    ])
    const act = (id: string, signal?: AbortSignal) =>
      fetch(`${url}/api/v1/acts/${id}`, {
        method: "POST",
        headers: { authorization: "Bearer door" },
        ...(signal === undefined ? {} : { signal })
      })
    const leaving = new AbortController()
    const left = act("left", leaving.signal).catch(() => "left")
    await vi.waitUntil(() => done.length === 1)
    leaving.abort()
    expect(await left).toBe("left")
    await vi.waitUntil(() => audited.length === 1)
    expect((await act("failed")).status).toBe(503)
    expect((await act("refused")).status).toBe(409)
    expect(audited.map(({ decision, detail }) => [decision.rule, detail.split(", request")[0]])).toEqual([
      ["hub/left", "the hub's machine: POST /api/v1/acts/left was broken off, and may have been done"],
      ["hub/failed", "the hub's machine: POST /api/v1/acts/failed was broken off, and may have been done"]
    ])
  })

  it("[HR-5] failures have their code, and what went wrong inside stays there", async () => {
    const { list } = world()
    const { ask } = await serve(list)
    const soon = await ask("/api/v1/boxes", { as: "door", method: "POST", body: { items: [] } })
    expect(soon.headers.get("content-type")).toContain("application/problem+json")
    expect(soon).toMatchObject({ status: 409, body: { code: "TooSoon", detail: "it is too soon", title: "Conflict" } })
    expect(soon.body["instance"]).toBe(`urn:uuid:${soon.headers.get("x-request-id")}`)
    const broken = await ask("/api/v1/broken")
    expect(broken.status).toBe(500)
    expect(JSON.stringify(broken.body)).not.toContain("inside of it")
  })
})
