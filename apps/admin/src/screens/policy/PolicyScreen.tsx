/** The policy: as a table, as text, with its tests; what it would change on what is there; its versions; and why something may or may not be. */
import { Badge, Button, Group, Text } from "@mantine/core"
import { lazy } from "react"
import { ActButton } from "../../acts/ActButton.tsx"
import { countOf } from "../../elements/amounts.ts"
import { Failed, OnItsWay } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { policyTabs } from "../../elements/tabLabels.ts"
import { UrlTabs } from "../../elements/UrlTabs.tsx"
import { ExplainTab } from "./ExplainTab.tsx"
import { PreviewTab } from "./PreviewTab.tsx"
import { TestsTab } from "./TestsTab.tsx"
import { TextTab } from "./TextTab.tsx"
import { type DraftProps, useDraft } from "./useDraft.ts"

// They bring the policy's own reader or an editor along.
const MatrixTab = lazy(() => import("./MatrixTab.tsx").then((module) => ({ default: module.MatrixTab })))
const VersionsTab = lazy(() => import("./VersionsTab.tsx").then((module) => ({ default: module.VersionsTab })))

const tabs = {
  matrix: MatrixTab,
  text: TextTab,
  tests: TestsTab,
  preview: PreviewTab,
  versions: VersionsTab,
  explain: ExplainTab
}

export const PolicyScreen = () => {
  const loading = useDraft()
  return (
    <Page
      title="Policy"
      description="Who may read and write what. A draft changes nothing until it is applied; what it would change is told before, on the records that are there."
    >
      {"draft" in loading ? (
        <>
          <DraftLine draft={loading.draft} />
          <UrlTabs labels={policyTabs} tabs={tabs} given={{ draft: loading.draft }} />
        </>
      ) : loading.error === null ? (
        <OnItsWay />
      ) : (
        <Failed error={loading.error} onTry={loading.retry} />
      )}
    </Page>
  )
}

const keepingWords = {
  kept: "kept on the hub",
  keeping: "being kept",
  failed: "not kept: the hub did not take it",
  moved: "not kept: another page of yours has kept a draft since, or thrown it away",
  here: "in this page alone: you may not write the policy"
} as const

const DraftLine = ({ draft }: DraftProps) => {
  const { drop, inForce, isBehind, isOther, keepAgain, keeping, takeOther } = draft
  return (
    <Group gap="sm">
      <Text size="sm">
        {inForce.text === null
          ? "No document is in force: the built-in roles decide alone."
          : `In force since version ${inForce.version} of the charter.`}
        {inForce.warnings.length === 0
          ? ""
          : ` ${countOf(inForce.warnings.length, "warning")}: ${inForce.warnings.join("; ")}`}
      </Text>
      {isOther ? (
        <>
          <Badge color="#9c4a00" tt="none">
            you work on a draft
          </Badge>
          <Text size="sm" c="dimmed" role="status" data-draft={keeping}>
            {keepingWords[keeping]}
          </Text>
          {keeping === "failed" || keeping === "moved" ? (
            <Button size="xs" variant="default" onClick={() => void keepAgain()}>
              {keeping === "moved" ? "Keep this one" : "Try again"}
            </Button>
          ) : null}
          {keeping === "moved" ? (
            <Button size="xs" variant="default" onClick={() => void takeOther().catch(() => undefined)}>
              Go on with the other
            </Button>
          ) : null}
          {isBehind ? (
            <Text size="sm" c="red" data-draft-behind>
              Another document was put in force since this draft was begun. Applying it takes that back: compare them
              under Versions.
            </Text>
          ) : null}
          <ActButton
            label="Throw the draft away"
            stale={["policy"]}
            operation={{ id: "policy.draft.remove", isRemoval: true }}
            run={drop}
            question={{ title: "Throw the draft away?", yes: "Throw away", words: "You go on from what is in force." }}
          />
        </>
      ) : null}
    </Group>
  )
}
