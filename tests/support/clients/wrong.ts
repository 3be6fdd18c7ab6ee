// What a frontend may get wrong. Each of it does not compile, and the compiler complains of one that does.
import type { Client } from '@urql/core';
import { CampaignPageDocument, SubmitEntryDocument } from '../../../gateway-config/operations/fan';

export async function wrong(client: Client) {
  const page = (await client.query(CampaignPageDocument, { slug: 'a' })).data!;
  const input = { campaignId: 'a', preferences: [{ marketId: 'b' }] };
  const submitted = (await client.mutation(SubmitEntryDocument, { input })).data!.submitEntry;

  // @ts-expect-error: there may be no such campaign
  page.campaign.id;
  // @ts-expect-error: the id is no number
  const id: number = page.campaign!.id;
  // @ts-expect-error: nobody asked for the team
  page.campaign!.team;
  // @ts-expect-error: it may have been refused, without an entry
  submitted.entry;
  // @ts-expect-error: no state of that name
  page.campaign!.state === 'OPENED';
  // @ts-expect-error: a slug is a text
  await client.query(CampaignPageDocument, { slug: 1 });
  // @ts-expect-error: without an input
  await client.mutation(SubmitEntryDocument, {});
  // @ts-expect-error: a preference is of a market
  await client.mutation(SubmitEntryDocument, { input: { ...input, preferences: [{}] } });
}
