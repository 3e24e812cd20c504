/** What a soak saw, for people. */
import type { Plan, Report } from "./soak.ts";

export function summaryOf(plan: Plan, report: Report): string {
  const { home, instances, conversations, poisoned, seed, kills, serverKills, rollingRestarts } = plan;
  const { found, seconds, takeovers } = report;
  const disturbances = [
    kills && `${kills} Node-REDs killed`,
    serverKills && `redis-server killed ${serverKills} times`,
    rollingRestarts && `${rollingRestarts} rolling restarts`,
  ].filter(Boolean);
  return [
    `${home}, ${instances} Node-RED: ${conversations} vCons (${poisoned} poisoned), ${disturbances.join(", ")}; SOAK_SEED=${seed}`,
    `  ${found.rows} rows, ${found.deadLetters.length} dead letters, ${found.withoutRow.length} lost`,
    `  ${seconds.toFixed(1)} s, ${(conversations / seconds).toFixed(0)} vCons/s from the post to the end of the flow`,
    `  ${report.redeliveries} begun again, ${report.repeatedPosts} posts and ${report.repeatedCalls} webhooks repeated`,
    `  taken over from killed ones: ${takeovers.length}${takeovers.length > 0 ? `, ${times(takeovers)}` : ""}`,
    ...new Set(
      found.deadLetters.map(
        ({ reason, node, attempts }) => `  dead after ${attempts}: ${reason} (${node?.id})`,
      ),
    ),
    ...[...report.logged]
      .sort(([, one], [, other]) => other - one)
      .slice(0, 8)
      .map(inLog),
  ].join("\n");
}

function times(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1]! / 1000).toFixed(1);
  return `after ${at(0.5)} s (median), ${at(0.95)} s (95th percentile), ${at(1)} s (longest)`;
}

function inLog([text, count]: [string, number]): string {
  return `  log, ${count} ×: ${text}`;
}
