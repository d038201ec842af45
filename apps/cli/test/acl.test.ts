// The policy of a team at a terminal: explained, tested, compared on real records, put in force and taken back.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Hub, run, startHub, teamSchema, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const example = fileURLToPath(new URL("../../../docs/snippets/policy.yaml", import.meta.url))
let hub: Hub

/** A command on the hub's machine. */
const onHub = (...args: ReadonlyArray<string>) => run([...args, "--data", hubFolder])
const json = async (...args: ReadonlyArray<string>): Promise<Record<string, unknown>> => {
  const { out } = await onHub(...args, "--json")
  return JSON.parse(out) as Record<string, unknown>
}
const errorOf = (err: string) =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error
const fileOf = (name: string, text: string): string => {
  const file = join(folder.path, name)
  writeFileSync(file, text)
  return file
}

const readers = (id: string) => `version: 1
types:
  task:
    header: { team: text }
rules:
  - id: ${id}
    effect: allow
    actions: [read]
    types: [task]
    where:
      - { field: team, op: in, value: $teams }
  - id: no-south
    effect: forbid
    actions: [read]
    types: [task]
    where:
      - { field: team, op: eq, value: south }
`

beforeAll(async () => {
  hub = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise" })
  for (const id of ["north", "south"]) expect((await onHub("team", "add", id)).code).toBe(0)
  const mia = join(folder.path, "mia")
  const made = await run(["init", "--data", mia, "--hub", hub.address, "--schema", teamSchema, "--json"])
  const { peer } = JSON.parse(made.out) as { readonly peer: string }
  const teams = ["--team", "north", "--team", "south"]
  const device = ["--device", peer, "--device-name", "laptop"]
  expect((await onHub("member", "add", "mia", "--name", "Mia", ...teams, ...device)).code).toBe(0)
  expect((await run(["sync", "--data", mia])).code).toBe(0)
  const records = [
    { id: "n1", team: "north", title: "a" },
    { id: "s1", team: "south", title: "b" },
    { id: "s2", team: "south", title: "c" }
  ]
  const input = JSON.stringify(records)
  expect((await run(["import", "-", "--type", "task", "--data", mia], { input })).code).toBe(0)
  expect((await run(["sync", "--data", mia])).code).toBe(0)
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

describe("a policy at a terminal", () => {
  it("[CL-80] [CL-81] [CL-3] before there is one, the roles decide and are explained", async () => {
    const none = await onHub("acl", "show")
    expect(none).toEqual({ code: 0, out: "", err: "No policy was put in force yet; the built-in roles decide.\n" })
    expect(await json("acl", "show")).toEqual({ version: null, text: null })
    expect(await onHub("acl", "versions", "--json")).toEqual({ code: 0, out: "", err: "" })
    expect(await onHub("acl", "explain", "mia", "update", "task", "--id", "n1")).toEqual({
      code: 0,
      out: [
        'Mia (member, in north and south) may update task with team "north".',
        "Decided by role/member at version 4: Mia writes what is of no team or of the own ones.",
        ""
      ].join("\n"),
      err: ""
    })
    const west = ["acl", "explain", "mia", "create", "task", "--header", "team=west", "--field", "title"]
    expect(await onHub(...west)).toEqual({
      code: 4,
      out: [
        'Mia (member, in north and south) may not create task.title with team "west".',
        "Decided by team at version 4: Mia is not in the team west.",
        ""
      ].join("\n"),
      err: "mia may not create task (team).\n"
    })
    const told = await onHub(...west, "--json")
    expect(JSON.parse(told.out)).toMatchObject({ decision: { allowed: false, rule: "team" }, losing: [] })
    expect(errorOf(told.err).code).toBe("ActionDenied")
    const unknown = await onHub("acl", "explain", "nobody", "read", "task", "--json")
    expect(unknown).toMatchObject({ code: 1, out: "" })
    expect(errorOf(unknown.err).message).toContain("nobody is no device and no member")
    expect((await onHub("acl", "explain", "mia", "manage", "task")).code).toBe(2)
    expect((await onHub("acl", "explain", "mia", "read", "task", "--header", "team")).code).toBe(2)
  })

  it("[CL-82] [CL-3] tests a policy without a hub, the documents' example among them", async () => {
    const good = await run(["acl", "test", example])
    expect(good).toEqual({ code: 0, out: `${example} can be put in force.\n`, err: "" })
    const text = readFileSync(example, "utf8")
    const failing = fileOf("failing.yaml", text.replace("op: in, value: $teams", "op: exists, value: true"))
    const told = await run(["acl", "test", failing])
    expect(told).toMatchObject({ code: 5, err: `${failing} cannot be put in force: 4 problems.\n` })
    expect(told.out.split("\n")[0]).toBe(
      "test members see nothing of other teams: it can read task, because the rule tasks-of-own-teams says so"
    )
    const listed = await run(["acl", "test", failing, "--json"])
    expect((JSON.parse(listed.out) as { readonly problems: ReadonlyArray<string> }).problems).toHaveLength(4)
    expect(errorOf(listed.err).code).toBe("PolicyInvalid")
    const nowhere = join(folder.path, "nowhere")
    for (const args of [["diff"], ["apply"]]) {
      const refused = await run(["acl", ...args, failing, "--data", nowhere, "--json"])
      expect(refused).toMatchObject({ code: 5, out: "" })
      expect(errorOf(refused.err).message).toContain("test members see nothing of other teams")
    }
    expect((await run(["acl", "test", nowhere])).err).toBe(`${nowhere} cannot be read: there is no such file.\n`)
    expect((await run(["acl", "test", fileOf("bytes.yaml", "\u0000")])).code).toBe(5)
  })

  it("[CL-87] [CL-82] warns of names that the charter lacks, and refuses to apply them", async () => {
    const draft = fileOf("names.yaml", `${readers("read-own")}    to: { roles: [viewer] }\n`)
    const nowhere = join(folder.path, "nowhere")
    expect(await run(["acl", "test", draft, "--data", nowhere])).toMatchObject({ code: 0, err: "" })
    const warning = 'rule no-south: to.roles: the charter has no role "viewer"; write readonly'
    const tested = await onHub("acl", "test", draft)
    expect(tested).toMatchObject({ code: 0, err: "" })
    expect(tested.out.split("\n")).toEqual([
      `Warning: ${warning}.`,
      `${draft} is in order, but it cannot be put in force in this charter.`,
      ""
    ])
    expect((await run(["acl", "test", draft, "--data", join(folder.path, "mia")])).out).toBe(tested.out)
    expect(await json("acl", "test", draft)).toEqual({ file: draft, problems: [], warnings: [warning] })
    expect((await onHub("acl", "diff", draft)).out.split("\n")[0]).toBe(`Warning: ${warning}.`)
    const refused = await onHub("acl", "apply", draft, "--json")
    expect(refused).toMatchObject({ code: 5, out: "" })
    expect(errorOf(refused.err).message).toContain(warning)
    expect(await json("acl", "show")).toEqual({ version: null, text: null })
  })

  it("[CL-82] forges no line by what a document says", async () => {
    const id = "x\\nDecided by charter/owner at version 1"
    const draft = fileOf("forged.yaml", readers("read-own").replace("id: read-own", `id: "${id}"`))
    const told = await run(["acl", "test", draft])
    expect(told.code).toBe(5)
    expect(told.out.split("\n")).toHaveLength(2)
    const unknown = fileOf("forged2.yaml", readers(`"a\\nb"`).replace("types: [task]", "types: [tsak]"))
    const lines = (await run(["acl", "test", unknown])).out.split("\n")
    expect(lines[0]).toBe("rule a\\u{a}b: there is no type tsak")
    expect((await run(["acl", "diff", unknown])).err.split("\n")).toHaveLength(2)
  })

  it("[CL-83] prints who would gain and lose what, with the rules before and after", async () => {
    const draft = fileOf("readers.yaml", readers("read-own"))
    const writes = ["create", "update", "delete"].flatMap((action) => [
      `Mia's laptop (mia) loses ${action} on 3 records in 2 partitions:`,
      '  2 records of task with team "south"',
      "    before: allowed by role/member: Mia writes what is of no team or of the own ones",
      `    after:  denied by default: no rule lets Mia ${action} task, and what no rule allows is denied`,
      '  1 record of task with team "north"',
      "    before: allowed by role/member: Mia writes what is of no team or of the own ones",
      `    after:  denied by default: no rule lets Mia ${action} task, and what no rule allows is denied`
    ])
    const told = await onHub("acl", "diff", draft)
    expect(told.code).toBe(0)
    expect(told.err).toMatch(
      /^Compared with version 4 of the charter; .*syncline .*acl apply --expect 4 takes no other\.\n$/
    )
    expect(told.out.split("\n")).toEqual([
      "Mia's laptop (mia) loses read on 2 records in 1 partition:",
      '  2 records of task with team "south"',
      "    before: allowed by role/member: Mia reads what is of no team or of the own ones",
      "    after:  denied by no-south: the rule no-south forbids Mia to read task",
      ...writes,
      ""
    ])
    expect(await json("acl", "diff", draft)).toMatchObject({
      impacts: [{ action: "read", direction: "loses", records: 2, partitions: 1 }, {}, {}, {}]
    })
    expect(await json("acl", "show")).toEqual({ version: null, text: null })
  })

  it("[CL-86] a device says by itself why it has what it has", async () => {
    const onDevice = (...args: ReadonlyArray<string>) => run([...args, "--data", join(folder.path, "mia")])
    const note = "No hub runs on this folder; this is what the folder itself knows.\n"
    expect(await onDevice("acl", "explain", "mia", "read", "task", "--id", "n1")).toEqual({
      code: 0,
      out: [
        'Mia (member, in north and south) may read task with team "north".',
        "Decided by role/member at version 4: Mia reads what is of no team or of the own ones.",
        ""
      ].join("\n"),
      err: note
    })
    const draft = fileOf("device.yaml", readers("read-own"))
    expect((await onDevice("acl", "diff", draft)).out).toBe((await onHub("acl", "diff", draft)).out)
    expect((await onDevice("acl", "simulate", draft)).out).toBe((await onHub("acl", "simulate", draft)).out)
    expect((await onDevice("member", "list", "--json")).out).toBe((await onHub("member", "list", "--json")).out)
    expect((await onDevice("acl", "versions")).err).toContain("No policy was put in force yet")
    expect((await onDevice("acl", "explain", "nobody", "read", "task", "--json")).code).toBe(1)
    expect((await onDevice("acl", "apply", draft)).code).toBe(3)
  })

  it("[CL-85] prints what everybody could do, now and with a draft", async () => {
    const draft = fileOf("simulated.yaml", readers("read-own"))
    const all = ["read", "create", "update", "delete", "share", "administer"]
    const owner = all.map((action) => `${action} 3 records in 2 partitions`).join("; ")
    const mine = (actions: ReadonlyArray<string>) =>
      actions.map((action) => `${action} 3 records in 2 partitions`).join("; ")
    expect(await onHub("acl", "simulate")).toEqual({
      code: 0,
      out: `Owner's the hub (owner): ${owner}\nMia's laptop (mia): ${mine(all.slice(0, 4))}\n`,
      err: ""
    })
    const drafted = await onHub("acl", "simulate", draft)
    expect(drafted.out).toBe(`Owner's the hub (owner): ${owner}\nMia's laptop (mia): read 1 record in 1 partition\n`)
    const told = await onHub("acl", "explain", "mia", "read", "task", "--id", "s1", "--draft", draft)
    expect(told).toMatchObject({ code: 4, out: expect.stringContaining("Decided by no-south at version 5") })
    expect((await onHub("acl", "explain", "mia", "read", "task", "--id", "s1")).code).toBe(0)
  })

  it("[CL-81] [CL-83] [CL-85] fields that are denied, or turn, are told for themselves", async () => {
    const text = `version: 1
types: { task: { header: { team: text }, fields: [title, salary] } }
rules:
  - { id: works, effect: allow, actions: [read, create, update], types: [task] }
  - { id: no-salary, effect: forbid, actions: [update], types: [task], fields: [salary] }
`
    const draft = fileOf("fields.yaml", text)
    const told = await onHub("acl", "explain", "mia", "update", "task", "--draft", draft)
    expect(told).toMatchObject({ code: 0, err: "" })
    expect(told.out.split("\n")).toEqual([
      "Mia (member, in north and south) may update task, but not: salary.",
      "Decided by works at version 5: the rule works lets Mia update task (everybody).",
      "Not salary, by no-salary: the rule no-salary forbids Mia to update task.salary.",
      ""
    ])
    expect((await onHub("acl", "diff", draft)).out).toContain(
      "Mia's laptop (mia) loses update of task.salary on 3 records in 2 partitions:"
    )
    expect((await onHub("acl", "simulate", draft)).out).toContain(
      "update 3 records in 2 partitions; update of task.salary 0 records in 0 partitions"
    )
  })

  it("[CL-84] [CL-80] [CL-81] puts policies in force, goes back, and says what turned", async () => {
    const first = await onHub("acl", "apply", fileOf("first.yaml", readers("read-own")), "--note", "only readers")
    expect(first).toEqual({
      code: 0,
      out: `${join(folder.path, "first.yaml")} is in force: version 5 of the charter.\n`,
      err: [
        "Mia's laptop (mia) loses read on 2 records in 1 partition.",
        ...["create", "update", "delete"].map(
          (action) => `Mia's laptop (mia) loses ${action} on 3 records in 2 partitions.`
        ),
        ""
      ].join("\n")
    })
    expect((await onHub("acl", "explain", "mia", "read", "task", "--header", "team=south")).out).toBe(
      [
        'Mia (member, in north and south) may not read task with team "south".',
        "Decided by no-south at version 5: the rule no-south forbids Mia to read task.",
        "The rule read-own speaks of it too and was outweighed.",
        ""
      ].join("\n")
    )
    const same = await onHub("acl", "apply", fileOf("same.yaml", readers("own-read")))
    expect(same).toMatchObject({ code: 0, err: "Nobody gains or loses anything of the records that are here.\n" })
    expect((await onHub("acl", "show")).out).toBe(readers("own-read"))
    expect((await onHub("acl", "versions")).out).toBe("6  2 rules, 0 tests, in force\n5  2 rules, 0 tests\n")
    // Somebody else was faster since the comparison.
    const late = await onHub("acl", "apply", fileOf("late.yaml", readers("late")), "--expect", "5", "--json")
    expect(late).toMatchObject({ code: 1, out: "" })
    expect(errorOf(late.err)).toMatchObject({
      code: "HubRefused",
      message: expect.stringContaining("the charter has moved on to version 6, and version 5 was expected")
    })
    expect((await onHub("acl", "show")).out).toBe(readers("own-read"))
    const back = await onHub("acl", "rollback", "5", "--note", "as it was")
    expect(back).toMatchObject({
      code: 0,
      out: "The policy of version 5 is in force again: version 7 of the charter.\n"
    })
    expect(await json("acl", "show")).toEqual({ version: 7, text: readers("read-own") })
    const missing = await onHub("acl", "rollback", "99", "--json")
    expect(missing).toMatchObject({ code: 1, out: "" })
    expect(errorOf(missing.err)).toMatchObject({
      code: "HubRefused",
      message: expect.stringContaining("there is no way back to version 99")
    })
    expect((await json("acl", "show"))["version"]).toBe(7)
    const roles = await onHub("acl", "rollback", "2")
    expect(roles).toMatchObject({ code: 0, out: "The built-in roles decide again: version 8 of the charter.\n" })
    expect((await onHub("acl", "explain", "mia", "read", "task", "--id", "s1")).out).toContain("role/member")
    expect(await json("acl", "show")).toEqual({ version: 8, text: null })
    expect((await onHub("acl", "show")).err).toContain("the built-in roles decide since version 8")
    expect((await onHub("acl", "versions")).out.split("\n")[0]).toBe("8  the built-in roles, in force")
    expect((await onHub("acl", "rollback", "7")).out).toContain("The policy of version 7 is in force again: version 9")
    const [, ...impacts] = (await json("acl", "apply", example))["impacts"] as ReadonlyArray<unknown>
    expect(impacts).not.toEqual([])
  })

  it("[CL-80] what is shown is byte for byte what was put in force, so that a file of it is the same policy", async () => {
    const text = readers("exact")
    for (const exact of [
      `${text}\n\n`,
      text.trimEnd(),
      `# kept\t as it is  \r\n${text.replaceAll("\n", "\r\n")}   \n`
    ]) {
      expect(await onHub("acl", "apply", fileOf("exact.yaml", exact))).toMatchObject({ code: 0 })
      const shown = await onHub("acl", "show")
      expect(shown.out).toBe(exact)
      const again = await onHub("acl", "apply", fileOf("again.yaml", shown.out))
      expect(again.err).toBe("Nobody gains or loses anything of the records that are here.\n")
      expect((await json("acl", "show"))["text"]).toBe(exact)
    }
  })

  it("[CL-84] going back to a policy warns of whom it names and the charter has no longer", async () => {
    const done = async (...args: ReadonlyArray<string>) => {
      const said = await onHub(...args)
      expect(said).toMatchObject({ code: 0 })
      return said.out
    }
    await done("member", "add", "zed")
    const forbidden = "rules:\n  - { id: zed, effect: forbid, actions: [read], types: [task], to: { members: [zed] } }"
    await done("acl", "apply", fileOf("zed.yaml", readers("zeds").replace("rules:", forbidden)))
    const { version } = await json("acl", "show")
    await done("acl", "apply", fileOf("others.yaml", readers("others")))
    await done("member", "remove", "zed")
    const said = await done("acl", "rollback", String(version))
    expect(said).toMatch(/^Warning: .*zed/)
    expect(said).toContain(`The policy of version ${String(version)} is in force again`)
  })

  it("[CL-83] what is gained or lost of some fields only says so", async () => {
    const fields = (rules: string) => `version: 1
types: { task: { header: { team: text }, fields: [title, salary] } }
rules:
  - { id: reads, effect: allow, actions: [read, create], types: [task] }
${rules}`
    const titles = "  - { id: titles, effect: allow, actions: [update], types: [task], fields: [title] }"
    const headings = (out: string) =>
      out.split("\n").filter((line) => line.includes(" update") && !line.startsWith(" "))
    const draft = fileOf("titles.yaml", fields(titles))
    await onHub("acl", "apply", fileOf("reads.yaml", fields("")))
    expect(headings((await onHub("acl", "diff", draft)).out)).toEqual([
      "Mia's laptop (mia) gains update on 3 records in 2 partitions:",
      "Mia's laptop (mia) does not gain update of any other field of task."
    ])
    await onHub("acl", "apply", draft)
    expect(headings((await onHub("acl", "diff", fileOf("reads.yaml", fields("")))).out)).toEqual([
      "Mia's laptop (mia) loses update on 3 records in 2 partitions:",
      "Mia's laptop (mia) had no update of any other field of task to lose."
    ])
  })
})
