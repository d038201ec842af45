/** The document as a table: roles down, types across, and in each cell what the role may. A click changes the text, and nothing but that rule of it. */
import { notifications } from "@mantine/notifications"
import { Alert, Group, Stack, Table, Text, Tooltip, UnstyledButton } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { PolicyEdit, PolicyFile, PolicyMatrix, type PolicyDocument } from "@syncline/policy"
import { Result } from "effect"
import { useMemo } from "react"
import { type Action } from "../../api/policy.ts"
import { type Role, teamQuery } from "../../api/team.ts"
import { Inert } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { levelWords } from "../team/choices.ts"
import { Templates } from "./TextTab.tsx"
import type { DraftProps } from "./useDraft.ts"

const shown: ReadonlyArray<{ readonly action: Action; readonly letter: string }> = [
  { action: "read", letter: "R" },
  { action: "create", letter: "C" },
  { action: "update", letter: "U" },
  { action: "delete", letter: "D" }
]

const answerWords = {
  yes: "may, all of them",
  some: "may some: it depends on the record, the team or the person",
  no: "may not"
} as const

export const MatrixTab = ({ draft }: DraftProps) => {
  const { text } = draft
  const read = useMemo(() => (text.trim() === "" ? undefined : PolicyFile.parse(text)), [text])
  const team = useQuery(teamQuery)
  if (read === undefined) return <Templates onChoose={draft.set} />
  if (Result.isFailure(read)) {
    return (
      <Alert color="red" variant="light" title="The text cannot be read, so there is no table of it">
        {read.failure.map((sentence) => (
          <div key={sentence}>
            <Inert text={sentence} charsMax={400} />
          </div>
        ))}
      </Alert>
    )
  }
  return (
    <Stack gap="sm">
      <Text size="sm">
        R read, C create, U update, D delete. ● all of them, ◐ some, ○ none. A click says otherwise, by a rule of the
        cell's own in the text; apply it under Preview. Owners and the hub are above all rules.
      </Text>
      <Loaded query={team}>
        {({ roles }) => (
          <Matrix document={read.success} roles={roles.toSorted((a, b) => b.level - a.level)} draft={draft} />
        )}
      </Loaded>
    </Stack>
  )
}

interface MatrixProps extends DraftProps {
  readonly document: PolicyDocument.PolicyDocument
  readonly roles: ReadonlyArray<Role>
}

const Matrix = ({ document, draft, roles }: MatrixProps) => {
  const types = PolicyMatrix.typesOf(document)
  return (
    <Table.ScrollContainer minWidth={160 + types.length * 170}>
      <Table withColumnBorders aria-label="What each role may do with each type">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Role</Table.Th>
            {types.map((type) => (
              <Table.Th key={type}>
                <Inert text={type} charsMax={40} />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {roles.map((role) => (
            <Table.Tr key={role.id}>
              <Table.Th scope="row">
                <Inert text={role.name} charsMax={40} />
                <Text size="xs" c="dimmed">
                  {levelWords(role.level)}
                </Text>
              </Table.Th>
              {types.map((type) => (
                <Table.Td key={type}>
                  <Group gap={4} wrap="nowrap">
                    {shown.map(({ action, letter }) => (
                      <Cell
                        key={action}
                        action={action}
                        document={document}
                        draft={draft}
                        letter={letter}
                        role={role}
                        type={type}
                      />
                    ))}
                  </Group>
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

interface CellProps extends DraftProps {
  readonly document: PolicyDocument.PolicyDocument
  readonly role: Role
  readonly type: string
  readonly action: Action
  readonly letter: string
}

const signs = { yes: "●", some: "◐", no: "○" } as const
const ownerLevel = 100

const Cell = ({ action, document, draft, letter, role, type }: CellProps) => {
  const isOwner = role.level >= ownerLevel
  const { answer, rules } = isOwner
    ? ({ answer: "yes", rules: [] } as const)
    : PolicyMatrix.cellOf(document, role.id, type, action)
  const label = `${plainUpTo(role.name, 40)} ${answerWords[answer]}: ${action} ${plainUpTo(type, 40)}`
  const why = isOwner
    ? "Owners are above all rules."
    : rules.length === 0
      ? "No rule speaks of it."
      : `By ${rules.join(", ")}.`
  const change = (): void => {
    const changed = PolicyEdit.withCell(draft.text, { role: role.id, type, action, isAllowed: answer !== "yes" })
    if (Result.isSuccess(changed)) draft.set(changed.success)
    else
      notifications.show({
        title: "This was not changed",
        message: plainUpTo(changed.failure, 300),
        color: "red",
        autoClose: false
      })
  }
  return (
    <Tooltip label={`${label}. ${why}`} multiline maw={340}>
      <UnstyledButton
        className="matrix-cell"
        aria-label={`${letter} ${signs[answer]} ${label}`}
        data-answer={answer}
        disabled={isOwner}
        onClick={change}
      >
        {letter} {signs[answer]}
      </UnstyledButton>
    </Tooltip>
  )
}
