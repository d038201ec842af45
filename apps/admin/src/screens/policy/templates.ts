/** Documents to begin with. Each is one that may be put in force as it is; the tests see to it. */

export interface Template {
  readonly name: string
  readonly words: string
  readonly text: string
}

const head = (types: ReadonlyArray<string>): string =>
  types.length === 0
    ? "types:\n  # Every type that rules speak of is named here, with the header fields that they may look at.\n  task:\n    header: { team: text }\n"
    : `types:\n  # Every type that rules speak of is named here, with the header fields that they may look at.\n${types.map((type) => `  ${JSON.stringify(type)}: {}\n`).join("")}`

const begin = (words: string, types: ReadonlyArray<string>): string =>
  `# ${words}\n# Whatever no rule allows is denied; owners and the hub are above all rules.\nversion: 1\n\n${head(types)}\n`

/** `types` are those of the space. */
export const templatesFor = (types: ReadonlyArray<string>): ReadonlyArray<Template> => [
  {
    name: "Everybody writes, readonly reads",
    words: "As without a document: the place to begin from.",
    text: `${begin("Members write everything, whoever has the role readonly reads.", types)}rules:
  - id: members-write
    effect: allow
    actions: [read, create, update, delete, share]
    types: all
    to: { roles: [admin, member] }

  - id: readonly-reads
    effect: allow
    actions: [read]
    types: all
    to: { roles: [readonly] }
`
  },
  {
    name: "Admins write, everybody reads",
    words: "For what a few keep and all look up.",
    text: `${begin("Admins write, everybody else reads.", types)}rules:
  - id: admins-write
    effect: allow
    actions: [read, create, update, delete, share]
    types: all
    to: { roles: [admin] }

  - id: everybody-reads
    effect: allow
    actions: [read]
    types: all
`
  },
  {
    name: "Each team its own",
    words: "Records with a header field team belong to that team alone.",
    text: `# Members see and write the records of their own teams; admins see all.
# Whatever no rule allows is denied; owners and the hub are above all rules.
version: 1

types:
${(types.length === 0 ? ["task"] : types).map((type) => `  ${JSON.stringify(type)}:\n    header: { team: text }\n`).join("")}
rules:
  - id: own-teams
    effect: allow
    actions: [read, create, update, delete]
    types: [${(types.length === 0 ? ["task"] : types).map((type) => JSON.stringify(type)).join(", ")}]
    where:
      - { field: team, op: in, value: $teams }

  - id: admins-all
    effect: allow
    actions: [read, create, update, delete, share]
    types: all
    to: { roles: [admin] }

  - id: readonly-writes-nothing
    effect: forbid
    actions: [create, update, delete]
    types: all
    to: { roles: [readonly] }
`
  }
]
