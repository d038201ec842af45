/** Why somebody may or may not do something: the rule that decides, those that lose against it, and each device's answer. */
import { Button, Code, Group, List, Select, Stack, Switch, Text, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { type Action, actions, type Explanation, explainQuery, type Question } from "../../api/policy.ts"
import { typesQuery } from "../../api/records.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { objectOf, objectProblem } from "../data/jsonObject.ts"
import { lineOf } from "./problemPlaces.ts"
import { type Names, useNames } from "./useNames.ts"
import type { DraftProps } from "./useDraft.ts"

interface Asked {
  readonly asker?: string
  readonly action?: string
  readonly type?: string
  readonly id?: string
}

export const ExplainTab = ({ draft }: DraftProps) => {
  const asked = useSearch({ strict: false }) as Asked
  const [more, setMore] = useState<{ readonly header?: object; readonly field?: string }>({})
  const [byDraft, setByDraft] = useState(false)
  const names = useNames()
  const { action, asker, id, type } = asked
  const isWhole = asker !== undefined && type !== undefined
  const question = {
    asker: asker ?? "",
    type: type ?? "",
    action: (actions.includes(action as Action) ? action : "read") as Action,
    ...(id === undefined ? {} : { id }),
    ...more,
    ...(byDraft && draft.isOther ? { draft: draft.text } : {})
  } as Question
  const answer = useQuery({ ...explainQuery(question), enabled: isWhole })
  return (
    <Stack>
      <Ask key={JSON.stringify(asked)} asked={asked} names={names} onMore={setMore} />
      {draft.isOther ? (
        <Switch
          label="As if the draft were in force"
          checked={byDraft}
          onChange={({ currentTarget }) => setByDraft(currentTarget.checked)}
        />
      ) : null}
      {isWhole ? (
        <Panel
          title="Answer"
          actions={<CopyCommand isWide operation={{ id: "policy.explain", set: { ...question } }} />}
        >
          <Loaded query={answer}>
            {(data) => <Answer data={data} names={names} text={byDraft ? draft.text : (draft.inForce.text ?? "")} />}
          </Loaded>
        </Panel>
      ) : (
        <Text c="dimmed">Choose who asks, and about which type.</Text>
      )}
    </Stack>
  )
}

interface AskProps {
  readonly asked: Asked
  readonly names: Names
  readonly onMore: (more: { readonly header?: object; readonly field?: string }) => void
}

const Ask = ({ asked, names, onMore }: AskProps) => {
  const navigate = useNavigate()
  const { data: types = [] } = useQuery(typesQuery)
  const form = useForm({
    initialValues: {
      asker: asked.asker ?? null,
      action: asked.action ?? "read",
      type: asked.type ?? "",
      id: asked.id ?? "",
      header: "",
      field: ""
    },
    validate: {
      asker: (who) => (who === null ? "Who asks." : null),
      type: (text) => (text === "" ? "About what." : null),
      header: objectProblem
    }
  })
  const submit = form.onSubmit(({ action, asker, field, header, id, type }) => {
    const given = objectOf(header)
    onMore({ ...(given === undefined ? {} : { header: given }), ...(field === "" ? {} : { field }) })
    void navigate({
      to: "/policy",
      search: { tab: "explain", asker: asker ?? undefined, action, type, id: id || undefined }
    })
  })
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <Select
          label="Who"
          placeholder="Member or device"
          searchable
          data={names.askers}
          {...form.getInputProps("asker")}
        />
        <Select label="Wants to" data={[...actions]} allowDeselect={false} {...form.getInputProps("action")} />
        <TextInput label="Type" list="policy-types" {...form.getInputProps("type")} />
        <datalist id="policy-types">
          {types.map(({ id }) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <TextInput label="Record's id" placeholder="any" {...form.getInputProps("id")} />
        <TextInput label="Or its header" placeholder='{"team":"north"}' {...form.getInputProps("header")} />
        <TextInput label="Field" placeholder="all" {...form.getInputProps("field")} />
        <Button type="submit">Ask why</Button>
      </Group>
    </form>
  )
}

interface AnswerProps {
  readonly data: Explanation
  readonly names: Names
  readonly text: string
}

const Answer = ({ data: { decision, devices, lines, losing }, names, text }: AnswerProps) => {
  const line = lineOf(text, "id", decision.rule)
  return (
    <Stack gap="sm" data-allowed={decision.allowed}>
      <Group gap="xs">
        <StateBadge tone={decision.allowed ? "good" : "bad"} word={decision.allowed ? "allowed" : "denied"} />
        <Text>
          By <Code>{decision.rule}</Code>
          {line === undefined ? null : `, line ${line} of the document`}:{" "}
          <Inert text={decision.because} charsMax={400} />
        </Text>
      </Group>
      <List size="sm">
        {lines.map((each) => (
          <List.Item key={each}>
            <Inert text={each} charsMax={500} />
          </List.Item>
        ))}
      </List>
      {losing.length === 0 ? null : (
        <Text size="sm">Rules that speak of it and did not decide: {losing.join(", ")}.</Text>
      )}
      {devices.length <= 1 ? null : (
        <ul className="routes">
          {devices.map(({ decision: own, peer }) => (
            <li key={peer}>
              <StateBadge tone={own.allowed ? "good" : "bad"} word={own.allowed ? "allowed" : "denied"} />{" "}
              {names.deviceName(peer)}, by {own.rule}
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}
