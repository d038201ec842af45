/** Policies that were in force, what differs between any two of them, and the way back to one. */
import { Group, Select, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { ask } from "../../api/ask.ts"
import { type Version, versionsQuery } from "../../api/policy.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { SideBySide } from "./SideBySide.tsx"
import type { DraftProps } from "./useDraft.ts"

export const VersionsTab = ({ draft }: DraftProps) => (
  <Loaded
    query={useQuery(versionsQuery)}
    isEmpty={(list) => list.length === 0}
    empty={<Empty title="No policy was applied yet">Each that is applied stays here, with the way back to it.</Empty>}
  >
    {(versions) => <Versions versions={versions} draft={draft} />}
  </Loaded>
)

const builtIn = "# The built-in roles decide alone.\n"

const Versions = ({ draft, versions }: DraftProps & { readonly versions: ReadonlyArray<Version> }) => {
  const [newest] = versions
  const search = useSearch({ strict: false }) as { readonly left?: string; readonly right?: string }
  const navigate = useNavigate()
  const compare = (sides: { readonly left?: string; readonly right?: string }): void =>
    void navigate({ to: "/policy", search: (was) => ({ ...was, ...sides }), replace: true })
  const choices = [
    ...(draft.isOther ? [{ value: "draft", label: "the draft" }] : []),
    ...versions.map(({ text, version }, at) => ({
      value: String(version),
      label: `version ${version}${at === 0 ? ", in force" : ""}${text === null ? ", the built-in roles" : ""}`
    }))
  ]
  const there = (side: string | undefined, otherwise: string): string =>
    choices.some(({ value }) => value === side) ? side! : otherwise
  const left = there(search.left, String(versions[1]?.version ?? newest!.version))
  const right = there(search.right, draft.isOther ? "draft" : String(newest!.version))
  const textOf = (choice: string): string =>
    choice === "draft" ? draft.text : (versions.find(({ version }) => String(version) === choice)?.text ?? builtIn)
  const chosen = Number(left)
  return (
    <Stack>
      <Group align="flex-end">
        <Select
          label="From"
          data={choices}
          allowDeselect={false}
          value={left}
          onChange={(value) => compare({ left: value ?? left, right })}
        />
        <Select
          label="To"
          data={choices}
          allowDeselect={false}
          value={right}
          onChange={(value) => compare({ left, right: value ?? right })}
        />
        {left === "draft" || chosen === newest!.version ? null : (
          <ActButton
            label={`Go back to version ${left}`}
            size="sm"
            scope="policy:write"
            stale={["policy", "team", "audit", "peers", "records"]}
            operation={{ id: "policy.rollback", set: { version: chosen } }}
            run={() =>
              ask("POST", "/policy/rollback", {
                body: {
                  version: chosen,
                  expectedVersion: draft.inForce.charterVersion,
                  expectedDigest: draft.inForce.digest
                }
              })
            }
            done={`What was in force by version ${left} is so again.`}
            question={{
              title: `Go back to version ${left}?`,
              yes: "Go back",
              words: "It is put in force as a new version; what came in between stays in this list."
            }}
          />
        )}
      </Group>
      {textOf(left) === textOf(right) ? <Text size="sm">They are the same.</Text> : null}
      <SideBySide key={`${left} ${right}`} left={textOf(left)} right={textOf(right)} />
    </Stack>
  )
}
