/** The tests that stand in the document: what must and must not be possible. One that fails keeps the document from being applied. */
import { Code, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { testQuery } from "../../api/policy.ts"
import { countOf } from "../../elements/amounts.ts"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { testNames } from "./testNames.ts"
import { Found } from "./TextTab.tsx"
import type { DraftProps } from "./useDraft.ts"

const example = `tests:
  - name: members see nothing of other teams
    who: { role: member, teams: [north] }
    cannot: [read]
    type: task
    header: { team: south }`

export const TestsTab = ({ draft: { text } }: DraftProps) => {
  const query = useQuery({ ...testQuery(text), enabled: text.trim() !== "" })
  const names = testNames(text)
  if (text.trim() === "") return <Empty title="No document, so no tests">The tab Text begins one.</Empty>
  return (
    <Stack>
      <Loaded query={query}>
        {({ problems, warnings }) => (
          <>
            <Found title="What keeps it from being applied" sentences={problems} color="red" />
            <Found title="Worth a look" sentences={warnings} color="orange" />
            <Panel title={countOf(names.length, "test")}>
              {names.length === 0 ? (
                <Empty title="The document has no tests">
                  A test says what must never come out by mistake, and is run with every change.
                </Empty>
              ) : (
                <ul className="routes">
                  {names.map((name) => {
                    const fault = problems.find((problem) => problem.startsWith(`test ${name}:`))
                    return (
                      <li key={name}>
                        <StateBadge
                          tone={fault === undefined ? "good" : "bad"}
                          word={fault === undefined ? "passes" : "fails"}
                        />{" "}
                        <bdi>{name}</bdi>
                      </li>
                    )
                  })}
                </ul>
              )}
            </Panel>
          </>
        )}
      </Loaded>
      <Panel title="How one is written" actions={<CopyButton text={example} label="Copy the example" />}>
        <Text size="sm">In the text, behind the rules:</Text>
        <Code block>{example}</Code>
      </Panel>
    </Stack>
  )
}
