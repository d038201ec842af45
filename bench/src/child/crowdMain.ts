/**
 * A process that is a crowd of devices.
 */
import { crowdJobs } from "./CrowdJobs.ts"
import { serve } from "./Serving.ts"

serve(crowdJobs)
