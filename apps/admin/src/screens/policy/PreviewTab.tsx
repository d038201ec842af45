/** What the draft would change on the records that are there, for each device; what one device can do and by which rule; and putting it in force. */
import { Stack } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { impactQuery, testQuery } from "../../api/policy.ts"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { ApplyPanel } from "./ApplyPanel.tsx"
import { ImpactTable } from "./ImpactTable.tsx"
import { ReachPanel } from "./ReachPanel.tsx"
import { Found } from "./TextTab.tsx"
import type { DraftProps } from "./useDraft.ts"

export const PreviewTab = ({ draft }: DraftProps) => {
  const { isOther, text } = draft
  const tested = useQuery({ ...testQuery(text), enabled: isOther && text.trim() !== "" })
  const isGood = tested.data?.problems.length === 0
  const impacts = useQuery({ ...impactQuery(text), enabled: isOther && isGood })
  return (
    <Stack>
      <Panel title="What the draft would change">
        {!isOther || text.trim() === "" ? (
          <Empty title="No draft">
            It says what is in force. Change the matrix or the text, and see here what that would do.
          </Empty>
        ) : (
          <Loaded query={tested}>
            {({ problems }) =>
              problems.length > 0 ? (
                <Found title="What keeps it from being applied" sentences={problems} color="red" />
              ) : (
                <Loaded query={impacts}>
                  {(data) => (
                    <>
                      <ImpactTable impacts={data.impacts} />
                      <Found title="Worth a look" sentences={data.warnings} color="orange" />
                      <ApplyPanel draft={draft} compared={data} />
                    </>
                  )}
                </Loaded>
              )
            }
          </Loaded>
        )}
      </Panel>
      <ReachPanel draft={draft} isGood={isGood} />
    </Stack>
  )
}
