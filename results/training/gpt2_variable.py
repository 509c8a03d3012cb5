"""GPT-2 small on random tokens; batch and length change from step to step. AdamW."""

import random

import deterministic  # first: it sets what CUDA reads once

import torch
from transformers import GPT2Config, GPT2LMHeadModel


def main():
    deterministic.settle(2)
    model = GPT2LMHeadModel(GPT2Config(use_cache=False)).cuda()
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    log = deterministic.StepLog()
    for step in deterministic.steps(32):
        log.begin()
        batch, length = random.choice([4, 6, 8]), random.randrange(96, 1025)
        tokens = torch.randint(0, 50257, (batch, length), device="cuda")
        loss = model(input_ids=tokens, labels=tokens).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log.end(step, loss.detach())


if __name__ == "__main__":
    main()
